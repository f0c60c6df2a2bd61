//! What every stream of server-sent events has: frames of JSON, signs of life, and an honest end.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt as _, future, stream};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde::Serialize;

use super::unbuffered::unbuffered;
use crate::budget::Permit;
use crate::error::ApiError;
use crate::held::Held;
use crate::shutdown::Shutdown;

/// Proxies cut connections that are silent for 30 s or 60 s.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Why a stream is over.
#[derive(Debug, Serialize)]
struct End {
    reason: &'static str,
}

/// A response of `events`, and of `end` when they are over or the server shuts down.
///
/// An error is sent as an event `problem`, and nothing comes after it: a client that then connects
/// again goes on where it was, which one that was told `end` would not do.
pub(super) fn response(
    events: impl Stream<Item = Result<Event, ApiError>> + Send + 'static,
    shutdown: &Shutdown,
) -> Response {
    let stop = shutdown.stream_end();
    let events = events.take_until(stop.clone().cancelled_owned());
    let end = stream::once(async move {
        let reason = if stop.is_cancelled() {
            "shutting_down"
        } else {
            "over"
        };
        Ok(json(Event::default().event("end"), &End { reason }))
    });
    let all = events
        .chain(end)
        .scan(false, |failed, event| {
            let over = *failed;
            *failed |= event.is_err();
            future::ready((!over).then_some(event))
        })
        .map(|event| Ok::<_, Infallible>(event.unwrap_or_else(problem)));
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    unbuffered(Sse::new(all).keep_alive(keep_alive))
}

/// What is held of the page whose events are being sent.
#[derive(Clone, Default)]
pub(super) struct Holding(Arc<Mutex<Option<Held>>>);

impl Holding {
    /// The next page has begun.
    pub(super) fn set(&self, permit: Option<Permit>) {
        *self.0.lock() = permit.map(Held::from);
    }
}

/// `response`, of which each frame counts until it is sent for as much as is in `holding`.
pub(super) fn counted(response: Response, holding: Holding) -> Response {
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let held = holding.0.lock().clone();
            match held {
                Some(held) => frame.map_data(|data| held.tie(data)),
                None => frame,
            }
        }))
    })
}

/// The last event of a stream that failed.
fn problem(error: ApiError) -> Event {
    if let Some(cause) = error.cause() {
        tracing::error!(cause, "a stream of events failed");
    }
    json(Event::default().event("problem"), &error.into_problem())
}

/// `frame` with `data` as its data.
pub(super) fn json<T: Serialize>(frame: Event, data: &T) -> Event {
    // Cannot fail: what travels has string keys only.
    frame.json_data(data).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::response::sse::Event;
    use futures::stream;
    use glassworks_protocol::ProblemCode;
    use http_body_util::BodyExt as _;

    use super::response;
    use crate::error::ApiError;
    use crate::shutdown::Shutdown;

    #[tokio::test]
    async fn a_stream_that_failed_does_not_say_that_it_is_over() {
        let error = ApiError::new(ProblemCode::StoreUnavailable, "the store is away");
        let events = [
            Ok(Event::default().event("state")),
            Err(error),
            Ok(Event::default().event("late")),
        ];
        let response = response(stream::iter(events), &Shutdown::default());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("event: state"), "{text}");
        assert!(text.contains("event: problem"), "{text}");
        assert!(text.contains("the store is away"), "{text}");
        assert!(!text.contains("event: end"), "{text}");
        assert!(!text.contains("event: late"), "{text}");
    }
}
