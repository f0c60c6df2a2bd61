//! The handler holds its thread while it waits.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;

pub(crate) fn routes(wait: Duration) -> Router {
    Router::new().route("/work", get(work)).with_state(wait)
}

async fn work(State(wait): State<Duration>) -> &'static str {
    std::thread::sleep(wait);
    "worked\n"
}
