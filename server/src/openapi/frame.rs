//! The document before any route.

use glassworks_protocol::{ClientMessage, Problem, ServerMessage};
use utoipa::OpenApi;

use super::tags;

/// The document before any route.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Glassworks",
        description = include_str!("description.md"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "This server.")),
    components(schemas(ClientMessage, ServerMessage, Problem)),
    tags(
        (name = tags::TASKS, description = "Submit work, and say what is to become of it."),
        (name = tags::LIVE, description = "See what a task does while it does it: its log, its output, everything at once."),
        (name = tags::KINDS, description = "What can be submitted."),
        (name = tags::QUEUES, description = "Lanes of tasks that can be paused and limited."),
        (name = tags::SCHEDULES, description = "Cron rules that submit tasks. What a rule means, on days when clocks change too, is said at `cron` of a schedule."),
        (name = tags::WORKERS, description = "Make attempts from elsewhere: claim tasks over HTTP, in any language. The guide to it is docs/workers.md."),
        (name = tags::LAB, description = "Break a real server, and see what happens."),
        (name = tags::SERVER, description = "How the server is, for people, load balancers and scripts."),
        (name = tags::ACCESS, description = "Who may do what: keys, the sessions of browsers, and the log of who changed what."),
        (name = tags::TRY, description = "Small endpoints that show what an async server does."),
    ),
)]
pub(super) struct Frame;
