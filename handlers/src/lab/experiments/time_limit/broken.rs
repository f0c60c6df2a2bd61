//! No time limit: the client waits for as long as the work takes.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::finished::Work;

pub(crate) fn routes(work: Work) -> Router {
    Router::new().route("/report", get(report)).with_state(work)
}

async fn report(State(work): State<Work>) -> &'static str {
    tokio::time::sleep(work.takes).await;
    work.done();
    "the report\n"
}
