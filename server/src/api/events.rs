//! `GET /api/tasks/{id}/events`: a task's log, as a page of JSON or as a live stream (SSE).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response, sse};
use futures::{Stream, StreamExt, stream};
use glassworks_engine::Follow;
use glassworks_protocol::{Event, FieldError};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Query, TaskPath, optional};
use super::sse::{json, response};
use crate::error::{ApiError, ApiResult};
use crate::node::Node;
use crate::openapi::tags;

/// Events of a page when the request does not say.
const DEFAULT_LIMIT: u32 = 100;

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
struct EventsPage<'a> {
    /// In order, without a gap.
    #[schema(value_type = Vec<Event>)]
    events: Vec<&'a Event>,
    /// The `after` of the next page. The log may grow, so there is always one.
    next_after: u64,
}

/// Reads a task's log, or follows it.
///
/// A page of JSON, or with `Accept: text/event-stream` a live stream of server-sent events: first
/// what is stored, then what comes. Each event has its `seq` as `id:`, its type as `event:` and
/// itself as `data:`. A browser that reconnects sends `Last-Event-ID` and goes on where it was. A
/// comment each 15 seconds shows that the connection is alive. The last event is `end`, with the
/// reason: `over` or `shutting_down`. A failure on the way is an event `problem`.
#[utoipa::path(
    get, path = "/api/tasks/{id}/events", tag = tags::LIVE, operation_id = "task_events",
    params(
        TaskPath, EventsQuery,
        ("Last-Event-ID" = Option<u64>, Header, nullable = false,
            description = "The `id:` of the last event that a stream's client has. Counts for more than `after`."),
    ),
    responses((status = 200, description = "A page, or the stream.", content(
        (EventsPage = "application/json"),
        (String = "text/event-stream", example = json!("id: 1\nevent: state\ndata: {\"seq\": 1, \"...\": \"...\"}\n\n")),
    ))),
)]
pub(crate) async fn events(
    State(node): State<Node>,
    TaskPath(id): TaskPath,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let after = query.after.unwrap_or(0);
    let seen = last_event_id(&headers)?;
    if accepts_event_stream(&headers) {
        let after = seen.unwrap_or(after);
        let follow = node.engine.follow(id, after).await?;
        return Ok(response(sse_events(follow), &node.shutdown));
    }
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let events = node.engine.events(id, after, limit).await?;
    let page = EventsPage {
        next_after: events.last().map_or(after, |event| event.seq),
        events: events.iter().map(AsRef::as_ref).collect(),
    };
    Ok(Json(page).into_response())
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

/// What a browser that reconnects has seen; it repeats its first URL, so this counts for more than
/// `after`.
fn last_event_id(headers: &HeaderMap) -> ApiResult<Option<u64>> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let seq = value.to_str().ok().and_then(|text| text.parse().ok());
    seq.map(Some).ok_or_else(|| {
        let field = FieldError::new(
            "Last-Event-ID",
            "expected the id of an event of this stream",
        );
        ApiError::unprocessable("The header is not acceptable.", vec![field])
    })
}

/// The events as they are stored.
fn sse_events(follow: Follow) -> impl Stream<Item = sse::Event> {
    follow.flat_map(|batch| {
        stream::iter(match batch {
            Ok(events) => events.iter().map(|event| sse_event(event)).collect(),
            Err(error) => vec![problem(ApiError::from(error))],
        })
    })
}

fn sse_event(event: &Event) -> sse::Event {
    let frame = sse::Event::default()
        .id(event.seq.to_string())
        .event(event.body.kind());
    json(frame, event)
}

fn problem(error: ApiError) -> sse::Event {
    if let Some(cause) = error.cause() {
        tracing::error!(cause, "a stream of events failed");
    }
    json(
        sse::Event::default().event("problem"),
        &error.into_problem(),
    )
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{accepts_event_stream, last_event_id};

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
    fn a_last_event_id_is_a_number() {
        let mut headers = HeaderMap::new();
        assert_eq!(last_event_id(&headers).unwrap(), None);
        headers.insert("last-event-id", "17".parse().unwrap());
        assert_eq!(last_event_id(&headers).unwrap(), Some(17));
        headers.insert("last-event-id", "x".parse().unwrap());
        assert!(last_event_id(&headers).is_err());
    }
}
