//! Three built-in services that are asked at the same time.

use std::time::Duration;

use futures::future::join_all;
use futures::stream::{FuturesUnordered, Stream};
use glassworks_protocol::{Aggregate, Answer};
use tokio::time::{Instant, sleep};

use super::seconds;

/// A built-in service: its name, and how long it takes to answer.
type Service = (&'static str, Duration);

const SERVICES: [Service; 3] = [
    ("a", Duration::from_secs(1)),
    ("b", Duration::from_secs(2)),
    ("c", Duration::from_millis(1_500)),
];

/// Asks all at the same time, and has the answers in the order in which they were asked: after 1.0,
/// 2.0 and 1.5 seconds, so after two in all.
pub async fn aggregate() -> Aggregate {
    let began = Instant::now();
    let results = join_all(SERVICES.map(ask)).await;
    Aggregate {
        results,
        total_time: seconds::written(began.elapsed()),
        note: "All were asked at the same time, so it took as long as the slowest, not the sum."
            .to_owned(),
    }
}

/// Asks all at the same time, and has each answer as soon as it is there. Dropping the stream asks
/// no more.
pub fn each_service() -> impl Stream<Item = Answer> + Send + 'static {
    SERVICES
        .map(ask)
        .into_iter()
        .collect::<FuturesUnordered<_>>()
}

async fn ask((source, takes): Service) -> Answer {
    let began = Instant::now();
    sleep(takes).await;
    Answer {
        source: source.to_owned(),
        data: format!("Data from service {source}"),
        took: seconds::written(began.elapsed()),
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use glassworks_protocol::Answer;

    use super::{aggregate, each_service};

    fn names(answers: &[Answer]) -> Vec<&str> {
        answers
            .iter()
            .map(|answer| answer.source.as_str())
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn it_takes_as_long_as_the_slowest() {
        let all = aggregate().await;
        let took: Vec<f64> = all.results.iter().map(|answer| answer.took).collect();
        assert_eq!(took, [1.0, 2.0, 1.5]);
        assert_eq!(names(&all.results), ["a", "b", "c"]);
        assert!((2.0..2.1).contains(&all.total_time), "{all:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_quickest_is_heard_first() {
        let answers: Vec<_> = each_service().collect().await;
        assert_eq!(names(&answers), ["a", "c", "b"]);
    }
}
