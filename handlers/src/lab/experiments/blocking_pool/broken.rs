//! Slow and quick blocking calls share the threads that the runtime has for them.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::task::spawn_blocking;

pub(crate) fn routes(takes: Duration) -> Router {
    Router::new()
        .route("/report", get(report))
        .route("/lookup", get(lookup))
        .with_state(takes)
}

async fn report(State(takes): State<Duration>) -> Result<&'static str, StatusCode> {
    let writing = spawn_blocking(move || std::thread::sleep(takes));
    writing
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok("the report\n")
}

async fn lookup() -> Result<&'static str, StatusCode> {
    let looking = spawn_blocking(|| std::thread::sleep(Duration::from_millis(1)));
    looking
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok("found\n")
}
