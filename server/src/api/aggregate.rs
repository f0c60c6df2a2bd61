//! `/api/aggregate`: asks several services at the same time.

use std::time::Duration;

use axum::Json;
use futures::future::join_all;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::seconds;

/// A built-in service: its name, and how long it takes to answer.
type Service = (&'static str, Duration);

const SERVICES: [Service; 3] = [
    ("a", Duration::from_millis(1_000)),
    ("b", Duration::from_millis(2_000)),
    ("c", Duration::from_millis(1_500)),
];

/// What the built-in services answered, in the order in which they were asked.
#[derive(Debug, Serialize)]
pub(crate) struct Aggregate {
    results: Vec<Answer>,
    /// Seconds that all of it took.
    total_time: f64,
    note: &'static str,
}

/// What one of them answered.
#[derive(Debug, Serialize)]
struct Answer {
    source: &'static str,
    data: String,
    /// Seconds that it took.
    took: f64,
}

/// Asks three built-in services at the same time.
pub(crate) async fn built_in() -> Json<Aggregate> {
    let began = Instant::now();
    let results = join_all(SERVICES.map(ask)).await;
    Json(Aggregate {
        results,
        total_time: seconds::written(began.elapsed()),
        note: "All were asked at the same time, so it took as long as the slowest, not the sum.",
    })
}

async fn ask((source, takes): Service) -> Answer {
    let began = Instant::now();
    sleep(takes).await;
    Answer {
        source,
        data: format!("Data from service {source}"),
        took: seconds::written(began.elapsed()),
    }
}

#[cfg(test)]
mod tests {
    use super::built_in;

    #[tokio::test(start_paused = true)]
    async fn it_takes_as_long_as_the_slowest() {
        let answer = built_in().await.0;
        let took: Vec<f64> = answer.results.iter().map(|answer| answer.took).collect();
        assert_eq!(took, [1.0, 2.0, 1.5]);
        let sources: Vec<&str> = answer.results.iter().map(|answer| answer.source).collect();
        assert_eq!(sources, ["a", "b", "c"]);
        assert!((2.0..2.1).contains(&answer.total_time), "{answer:?}");
    }
}
