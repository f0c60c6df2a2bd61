//! Tasks that are submitted over HTTP, run and finished.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::json;

use super::load::{Ask, Connection, load};
use super::peer::Peer;
use super::{CONNECTIONS, row};

/// How long tasks are submitted.
const SPAN: Duration = Duration::from_secs(6);
/// How often the server is asked how many are done.
const LOOK: Duration = Duration::from_millis(20);

/// From the first submit to the last committed end, of tasks that have nothing to do.
pub(crate) async fn submit_to_done(server: &Peer) {
    let mut observer = Connection::open(server.address).await;
    let before = completed(&mut observer).await;
    let task = json!({"kind": "sleep", "payload": {"seconds": 0}});
    let task = Ask::post("/api/tasks", &task, StatusCode::ACCEPTED);
    let began = Instant::now();
    let submitted = load(server, &task, CONNECTIONS, SPAN).await.answers;
    while completed(&mut observer).await < before + submitted {
        tokio::time::sleep(LOOK).await;
    }
    row(
        &format!("submit, run and finish over HTTP, {CONNECTIONS} at a time"),
        format!("{:.0}/s", submitted as f64 / began.elapsed().as_secs_f64()),
    );
}

/// How many tasks the server has completed since it started.
pub(crate) async fn completed(observer: &mut Connection) -> u64 {
    let stats = observer.json("/api/stats").await;
    stats["since_start"]["completed"].as_u64().unwrap()
}
