//! What pages and lists cost beside a million finished tasks.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::done::completed;
use super::load::{Ask, Connection, percentile};
use super::peer::Peer;
use super::row;

const FINISHED: u64 = 1_000_000;
const AT_ONCE: u64 = 1_000;
/// How often each is asked for.
const LOOKS: usize = 50;

/// Fills a store and measures what people look at, one request at a time.
pub(crate) async fn beside_a_million(server: &Peer) {
    let mut connection = Connection::open(server.address).await;
    let before = completed(&mut connection).await;
    let task = |number: u64| {
        let queue = ["mail", "images", "reports"][usize::try_from(number % 3).unwrap()];
        json!({
            "kind": "sleep",
            "payload": {"seconds": 0},
            "queue": queue,
            "tags": [format!("batch-{}", number % 7)],
        })
    };
    for batch in 0..FINISHED / AT_ONCE {
        let tasks: Vec<Value> = (0..AT_ONCE).map(|place| task(batch + place)).collect();
        let batch = Ask::post(
            "/api/tasks/batch",
            &json!({ "tasks": tasks }),
            StatusCode::ACCEPTED,
        );
        connection.send(&batch).await;
    }
    while completed(&mut connection).await < before + FINISHED {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let newest = connection.json("/api/tasks?limit=1").await;
    let one = format!("/api/tasks/{}", newest["tasks"][0]["id"].as_str().unwrap());
    let targets = [
        "/".to_owned(),
        "/tasks".to_owned(),
        "/tasks?state=failed".to_owned(),
        one.replace("/api", ""),
        "/api/tasks".to_owned(),
        "/api/tasks?state=running".to_owned(),
        "/api/tasks?state=completed&queue=mail".to_owned(),
        "/api/tasks?kind=sleep&tag=batch-3".to_owned(),
        "/api/tasks?queue=mail&kind=http".to_owned(),
        one,
        "/api/stats".to_owned(),
    ];
    for target in targets {
        let ask = Ask::get(target.clone(), StatusCode::OK);
        let mut times = Vec::new();
        for _ in 0..LOOKS {
            times.push(connection.send(&ask).await);
        }
        let name = if target.len() > 40 {
            "one task"
        } else {
            &target
        };
        row(
            &format!("`GET {name}` beside 1,000,000 finished tasks: p50, p99"),
            format!(
                "{:.1?}, {:.1?}",
                percentile(&mut times, 0.5),
                percentile(&mut times, 0.99)
            ),
        );
    }
}
