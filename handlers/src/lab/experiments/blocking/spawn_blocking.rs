//! What has to block does so on a thread that is there for it.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;

pub(crate) fn routes(wait: Duration) -> Router {
    Router::new().route("/work", get(work)).with_state(wait)
}

async fn work(State(wait): State<Duration>) -> Result<&'static str, String> {
    let blocking = tokio::task::spawn_blocking(move || std::thread::sleep(wait));
    blocking.await.map_err(|error| error.to_string())?;
    Ok("worked\n")
}
