//! One upstream after the other: each waits for the one before.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::upstream::{Upstream, ask};

pub(crate) fn routes(upstreams: Vec<Upstream>) -> Router {
    Router::new()
        .route("/aggregate", get(aggregate))
        .with_state(upstreams)
}

async fn aggregate(State(upstreams): State<Vec<Upstream>>) -> String {
    let mut answers = Vec::new();
    for upstream in upstreams {
        answers.push(ask(upstream).await);
    }
    answers.concat()
}
