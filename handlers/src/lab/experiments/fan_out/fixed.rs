//! All upstreams at the same time; the answers come in the order of the calls.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use futures::future::join_all;

use super::upstream::{Upstream, ask};

pub(crate) fn routes(upstreams: Vec<Upstream>) -> Router {
    Router::new()
        .route("/aggregate", get(aggregate))
        .with_state(upstreams)
}

async fn aggregate(State(upstreams): State<Vec<Upstream>>) -> String {
    let answers = join_all(upstreams.into_iter().map(ask)).await;
    answers.concat()
}
