//! Three built-in services that are asked at the same time.

use std::time::Duration;

use futures::future::join_all;
use futures::stream::{self, FuturesUnordered, Stream};
use futures::{FutureExt as _, StreamExt as _};
use glassworks_protocol::{Aggregate, Answer, Asking};
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
    all(join_all(SERVICES.map(ask)).await, began)
}

/// The same, told as it happens: who is asked, each answer as soon as it is there, and then all of
/// it. Dropping the stream asks no more.
pub fn asking() -> impl Stream<Item = Asking> + Send + 'static {
    let began = Instant::now();
    let sources = SERVICES.map(|(source, _)| source.to_owned()).into();
    let answers = SERVICES.map(ask).into_iter().enumerate();
    let answers = answers
        .map(|(place, answer)| answer.map(move |answer| (place, answer)))
        .collect::<FuturesUnordered<_>>();
    let heard = stream::unfold(Some((answers, Vec::new())), move |under_way| async move {
        let (mut answers, mut heard) = under_way?;
        if let Some((place, answer)) = answers.next().await {
            heard.push((place, answer.clone()));
            return Some((Asking::Answered(answer), Some((answers, heard))));
        }
        heard.sort_by_key(|(place, _)| *place);
        let results = heard.into_iter().map(|(_, answer)| answer).collect();
        Some((Asking::Done(all(results, began)), None))
    });
    stream::iter([Asking::Asked { sources }]).chain(heard)
}

fn all(results: Vec<Answer>, began: Instant) -> Aggregate {
    Aggregate {
        results,
        total_time: seconds::written(began.elapsed()),
        note: "All were asked at the same time, so it took as long as the slowest, not the sum."
            .to_owned(),
    }
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
    use glassworks_protocol::{Answer, Asking};

    use super::{aggregate, asking};

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
    async fn each_is_heard_when_it_answers_and_all_of_them_in_their_order() {
        let told: Vec<_> = asking().collect().await;
        let [first, answered @ .., last] = told.as_slice() else {
            panic!("{told:?}");
        };
        let sources = ["a", "b", "c"].map(str::to_owned).into();
        assert_eq!(*first, Asking::Asked { sources });
        let answered: Vec<Answer> = answered
            .iter()
            .map(|told| match told {
                Asking::Answered(answer) => answer.clone(),
                _ => panic!("{told:?}"),
            })
            .collect();
        assert_eq!(names(&answered), ["a", "c", "b"]);
        let Asking::Done(all) = last else {
            panic!("{last:?}");
        };
        assert_eq!(names(&all.results), ["a", "b", "c"]);
        assert!((2.0..2.1).contains(&all.total_time), "{all:?}");
    }
}
