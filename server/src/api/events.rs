//! `GET /api/tasks/{id}/events`: a task's log, as a page of JSON or as a live stream (SSE).

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response, sse};
use futures::{Stream, StreamExt, stream};
use glassworks_engine::{Engine, Error};
use glassworks_protocol::{Event, TaskId};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Query, TaskPath, optional};
use super::pages::{Page, pages};
use super::sse::{Holding, counted, json, response};
use crate::access::Acting;
use crate::error::{ApiError, ApiResult};
use crate::held::{self, room};
use crate::node::Node;
use crate::openapi::tags;

/// Events of a page when the request does not say.
const DEFAULT_LIMIT: u32 = 100;

/// What a page of JSON takes at most: as it is read, 1 MiB, and written.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// What a browser that reconnects sends: the `id:` of the last event that it has.
const LAST_EVENT_ID: &str = "last-event-id";

/// Where to begin, and how much to send.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EventsQuery {
    /// The `seq` of the last event that the client has; 0 for all.
    #[serde(deserialize_with = "optional")]
    #[param(default = 0)]
    after: Option<u64>,
    /// How many events a page of JSON has at most; it has fewer where they are large, of 1 MiB
    /// together or more. A stream has no pages.
    #[serde(deserialize_with = "optional")]
    #[param(minimum = 1, maximum = 1_000, default = 100)]
    limit: Option<u32>,
}

/// One page of a task's log.
#[derive(Debug, Serialize, ToSchema)]
struct EventsPage {
    /// In order, without a gap.
    #[schema(value_type = Vec<Event>)]
    #[serde(serialize_with = "shared")]
    events: Vec<Arc<Event>>,
    /// The `after` of the next page. The log may grow, so there is always one.
    next_after: u64,
}

fn shared<S: Serializer>(events: &[Arc<Event>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(events.iter().map(AsRef::<Event>::as_ref))
}

/// Reads a task's log, or follows it.
///
/// A page of JSON, or with `Accept: text/event-stream` a live stream of server-sent events: first
/// what is stored, then what comes. Each event has its `seq` as `id:`, its type as `event:` and
/// itself as `data:`. A browser that reconnects sends `Last-Event-ID` and goes on where it was. A
/// comment each 15 seconds shows that the connection is alive. The last event is `end`, with the
/// reason: `over` or `shutting_down`. After a failure on the way the last event is `problem`, and a
/// client that connects again goes on where it was. One that has seen all of a task that is over
/// gets 204, so that a browser connects no more. A `Last-Event-ID` that is no event of this task
/// counts as none seen: the stream begins at the beginning.
#[utoipa::path(
    get, path = "/api/tasks/{id}/events", tag = tags::LIVE, operation_id = "task_events",
    params(
        TaskPath, EventsQuery,
        ("Last-Event-ID" = Option<String>, Header, nullable = false,
            description = "The `id:` of the last event that a stream's client has. Counts for more than `after`."),
    ),
    responses(
        (status = 200, description = "A page, or the stream.", content(
            (EventsPage = "application/json"),
            (String = "text/event-stream", example = json!("id: 1\nevent: state\ndata: {\"seq\": 1, \"...\": \"...\"}\n\n")),
        )),
        (status = 204, description = "The task is over, and the stream's client has seen all of it."),
    ),
)]
pub(crate) async fn events(
    State(node): State<Node>,
    Acting(engine): Acting,
    TaskPath(id): TaskPath,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let after = query.after.unwrap_or(0);
    if accepts_event_stream(&headers) {
        let after = match headers.get(LAST_EVENT_ID) {
            None => after,
            Some(seen) => match resume(&engine, id, seen).await? {
                Resume::After(seq) => seq,
                Resume::Over => return Ok(StatusCode::NO_CONTENT.into_response()),
            },
        };
        let share = node.budget.live.clone();
        let pages = pages(engine, share, id, after).await?;
        let holding = Holding::default();
        let events = sse_events(pages, holding.clone());
        return Ok(counted(response(events, &node.shutdown), holding));
    }
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let permit = room(&node.budget.lists, PAGE_BYTES).await?;
    let events = engine.events(id, after, limit).await?;
    let page = EventsPage {
        next_after: events.last().map_or(after, |event| event.seq),
        events,
    };
    held::json(page, permit).await
}

/// Whether `Accept` names event streams outright; `*/*` means the page of JSON.
fn accepts_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|range| range.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// Where a stream goes on for a client that had one before.
enum Resume {
    /// After the event with this `seq`.
    After(u64),
    /// Nowhere: only 204 keeps an `EventSource` from connecting again (WHATWG HTML, server-sent
    /// events).
    Over,
}

/// What becomes of a browser that reconnects having `seen` an event. It repeats its first URL, so
/// this counts for more than `after`.
async fn resume(engine: &Engine, id: TaskId, seen: &HeaderValue) -> ApiResult<Resume> {
    let task = engine.task(id).await?;
    let seen = event_id(seen).filter(|seq| *seq <= task.last_seq);
    Ok(if task.state.is_final() && seen == Some(task.last_seq) {
        Resume::Over
    } else {
        Resume::After(seen.unwrap_or(0))
    })
}

/// The `seq` in a `Last-Event-ID`, if it is one.
fn event_id(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.parse().ok()
}

/// The events as they are stored. What is held of the page that they are from is in `holding`.
fn sse_events(
    pages: impl Stream<Item = Result<Page, Error>>,
    holding: Holding,
) -> impl Stream<Item = ApiResult<sse::Event>> {
    pages.flat_map(move |page| {
        let (events, failed) = match page {
            Ok(Page { events, permit }) => {
                holding.set(permit);
                (events, None)
            }
            Err(error) => (Vec::new(), Some(Err(ApiError::from(error)))),
        };
        let events = events.into_iter().map(|event| Ok(sse_event(&event)));
        stream::iter(events.chain(failed))
    })
}

fn sse_event(event: &Event) -> sse::Event {
    let frame = sse::Event::default()
        .id(event.seq.to_string())
        .event(event.body.kind());
    json(frame, event)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{accepts_event_stream, event_id};

    #[test]
    fn only_who_names_event_streams_gets_one() {
        let accepts = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("accept", value.parse().unwrap());
            accepts_event_stream(&headers)
        };
        assert!(accepts("text/event-stream"));
        assert!(accepts("application/json;q=0.5, Text/Event-Stream;q=1"));
        assert!(!accepts("*/*"));
        assert!(!accepts("application/json"));
        assert!(!accepts_event_stream(&HeaderMap::new()));
    }

    #[test]
    fn a_last_event_id_is_a_number_or_nothing() {
        let id = |text: &'static str| event_id(&HeaderValue::from_static(text));
        assert_eq!(id("17"), Some(17));
        assert_eq!(id("x"), None);
        assert_eq!(id("-1"), None);
    }
}
