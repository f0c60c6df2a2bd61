//! The same limit around `spawn_blocking`: the client is answered in time, and the work goes on.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::finished::Work;

pub(crate) fn routes(work: Work) -> Router {
    Router::new().route("/report", get(report)).with_state(work)
}

async fn report(State(work): State<Work>) -> Result<&'static str, StatusCode> {
    let limit = work.limit;
    let writing = spawn_blocking(move || {
        std::thread::sleep(work.takes);
        work.done();
        "the report\n"
    });
    match timeout(limit, writing).await {
        Ok(written) => written.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR),
        Err(_) => Err(StatusCode::GATEWAY_TIMEOUT),
    }
}
