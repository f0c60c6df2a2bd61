//! What every stream of server-sent events has: frames of JSON, signs of life, and an `end`.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt as _, stream};
use serde::Serialize;

use super::unbuffered::unbuffered;
use crate::shutdown::Shutdown;

/// Proxies cut connections that are silent for 30 s or 60 s.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Why a stream is over.
#[derive(Debug, Serialize)]
struct End {
    reason: &'static str,
}

/// A response of `events`, and of `end` when they are over or the server shuts down.
pub(super) fn response(
    events: impl Stream<Item = Event> + Send + 'static,
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
        json(Event::default().event("end"), &End { reason })
    });
    let all = events.chain(end).map(Ok::<_, Infallible>);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    unbuffered(Sse::new(all).keep_alive(keep_alive))
}

/// `frame` with `data` as its data.
pub(super) fn json<T: Serialize>(frame: Event, data: &T) -> Event {
    // Cannot fail: what travels has string keys only.
    frame.json_data(data).unwrap_or_default()
}
