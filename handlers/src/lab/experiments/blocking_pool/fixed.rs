//! Slow calls take turns, so that a thread is left for the quick ones.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

type Turns = (Duration, Arc<Semaphore>);

pub(crate) fn routes(takes: Duration, at_once: usize) -> Router {
    Router::new()
        .route("/report", get(report))
        .route("/lookup", get(lookup))
        .with_state((takes, Arc::new(Semaphore::new(at_once))))
}

async fn report(State((takes, turns)): State<Turns>) -> Result<&'static str, StatusCode> {
    let turn = turns.acquire_owned().await;
    let turn = turn.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let writing = spawn_blocking(move || {
        std::thread::sleep(takes);
        drop(turn);
    });
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
