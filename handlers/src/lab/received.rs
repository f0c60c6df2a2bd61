//! When requests reached a server, by its own account.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use parking_lot::Mutex;

use super::clock::Clock;

/// By which a request of the prober is known to the server. One that was sent by hand has none.
pub(crate) const HEADER: &str = "x-lab-request";

/// Requests of a run. More are not sent.
pub(crate) const MOST: u32 = 1_000;

/// When the server began and ended with a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    /// The request's head had been read, and its handler was about to be called.
    pub(crate) received: Duration,
    /// The handler had returned; `None` when it never did.
    pub(crate) answered: Option<Duration>,
}

/// What one server has received. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    clock: Clock,
    times: Arc<Mutex<BTreeMap<u32, Times>>>,
}

impl Received {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            times: Arc::default(),
        }
    }

    /// `router`, with every request's times noted.
    pub(crate) fn noted(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), note))
    }

    pub(crate) fn of(&self, request: u32) -> Option<Times> {
        self.times.lock().get(&request).copied()
    }
}

async fn note(State(received): State<Received>, request: Request, next: Next) -> Response {
    let number: Option<u32> = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let Some(number) = number.filter(|number| *number < MOST) else {
        return next.run(request).await;
    };
    let arrived = Times {
        received: received.clock.now(),
        answered: None,
    };
    received.times.lock().insert(number, arrived);
    let response = next.run(request).await;
    if let Some(times) = received.times.lock().get_mut(&number) {
        times.answered = Some(received.clock.now());
    }
    response
}
