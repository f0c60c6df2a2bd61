//! So many upstreams at the same time and no more, however long the list is.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use futures::StreamExt as _;
use futures::stream;

use super::upstream::{Upstream, ask};

pub(crate) fn routes(upstreams: Vec<Upstream>, at_once: usize) -> Router {
    let aggregate = move |state| aggregate(state, at_once);
    Router::new()
        .route("/aggregate", get(aggregate))
        .with_state(upstreams)
}

async fn aggregate(State(upstreams): State<Vec<Upstream>>, at_once: usize) -> String {
    let answers = stream::iter(upstreams).map(ask).buffered(at_once);
    answers.collect::<Vec<_>>().await.concat()
}
