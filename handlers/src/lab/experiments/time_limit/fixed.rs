//! A time limit: the work is dropped at its next await.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::time::timeout;

use super::finished::Work;

pub(crate) fn routes(work: Work) -> Router {
    Router::new().route("/report", get(report)).with_state(work)
}

async fn report(State(work): State<Work>) -> Result<&'static str, StatusCode> {
    let writing = async {
        tokio::time::sleep(work.takes).await;
        work.done();
        "the report\n"
    };
    timeout(work.limit, writing)
        .await
        .map_err(|_| StatusCode::GATEWAY_TIMEOUT)
}
