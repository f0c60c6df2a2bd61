//! A server's message as it lies in JSON: every field that a message can have, side by side.
//!
//! For the same reason as an event's `Flat`: to be small in the browser.

use serde::Deserialize;

use super::ServerMessage;
use crate::{Event, Problem, Stats, Task, TaskId, TaskSummary};

#[derive(Deserialize)]
pub(super) struct Frame {
    r#type: String,
    sub: Option<u32>,
    node: Option<String>,
    version: Option<String>,
    events: Option<Vec<Event>>,
    task: Option<Box<Task>>,
    upsert: Option<Vec<TaskSummary>>,
    removed: Option<Vec<TaskId>>,
    reload: Option<bool>,
    stats: Option<Box<Stats>>,
    problem: Option<Problem>,
}

impl TryFrom<Frame> for ServerMessage {
    type Error = String;

    fn try_from(frame: Frame) -> Result<Self, Self::Error> {
        let missing = |field: &str| format!("missing field `{field}` of type `{}`", frame.r#type);
        let sub = || frame.sub.ok_or_else(|| missing("sub"));
        Ok(match frame.r#type.as_str() {
            "hello" => Self::Hello {
                node: frame.node.ok_or_else(|| missing("node"))?,
                version: frame.version.ok_or_else(|| missing("version"))?,
            },
            "events" => Self::Events {
                sub: sub()?,
                events: frame.events.ok_or_else(|| missing("events"))?,
            },
            "task" => Self::Task {
                sub: sub()?,
                task: frame.task.ok_or_else(|| missing("task"))?,
            },
            "end" => Self::End { sub: sub()? },
            "tasks" => Self::Tasks {
                sub: sub()?,
                upsert: frame.upsert.ok_or_else(|| missing("upsert"))?,
                removed: frame.removed.ok_or_else(|| missing("removed"))?,
                reload: frame.reload.ok_or_else(|| missing("reload"))?,
            },
            "stats" => Self::Stats {
                sub: sub()?,
                stats: frame.stats.ok_or_else(|| missing("stats"))?,
            },
            "problem" => Self::Problem {
                sub: frame.sub,
                problem: frame.problem.ok_or_else(|| missing("problem"))?,
            },
            "heartbeat" => Self::Heartbeat,
            other => return Err(format!("`{other}` is no type of message")),
        })
    }
}
