//! How each queue went of late: how many waited and ran, looked at now and then, and what this node
//! has done in between. In bounded memory, and gone with the process.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use glassworks_protocol::{Queue, QueueHistory};
use parking_lot::Mutex;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::store::{Moves, Store};

/// How often queues are looked at.
const EVERY: Duration = Duration::from_secs(5);
/// Looks that are remembered: ten minutes.
const KEPT: usize = 120;

/// How each queue went of late.
#[derive(Default)]
pub(crate) struct History {
    /// What was done since the latest look.
    moves: Mutex<HashMap<String, Moves>>,
    looks: Mutex<Looks>,
}

#[derive(Default)]
struct Looks {
    /// How many there were, at most [`KEPT`].
    count: usize,
    /// Of each queue, the latest at the end. One that has not been there for long has fewer.
    by_queue: HashMap<String, VecDeque<Look>>,
}

#[derive(Clone, Copy, Default)]
struct Look {
    queued: u64,
    running: u64,
    moves: Moves,
}

impl History {
    /// Counts what a batch has done.
    pub(crate) fn count(&self, moves: Vec<(String, Moves)>) {
        if moves.is_empty() {
            return;
        }
        let mut all = self.moves.lock();
        for (queue, moved) in moves {
            all.entry(queue).or_default().add(moved);
        }
    }

    /// Looks at the queues of `store` now and then, until it is told to stop.
    pub(crate) async fn keep(self: Arc<Self>, store: Arc<dyn Store>, stop: CancellationToken) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            match store.queues().await {
                Ok(queues) => self.look(&queues),
                Err(error) => tracing::debug!(%error, "the queues cannot be looked at"),
            }
        }
    }

    fn look(&self, queues: &[Queue]) {
        let mut moves = std::mem::take(&mut *self.moves.lock());
        let mut looks = self.looks.lock();
        looks.count = (looks.count + 1).min(KEPT);
        // A queue that is not there any more has no history.
        let mut before = std::mem::take(&mut looks.by_queue);
        for queue in queues {
            let mut seen = before.remove(&queue.name).unwrap_or_default();
            if seen.len() == KEPT {
                seen.pop_front();
            }
            seen.push_back(Look {
                queued: queue.tasks.queued,
                running: queue.tasks.running,
                moves: moves.remove(&queue.name).unwrap_or_default(),
            });
            looks.by_queue.insert(queue.name.clone(), seen);
        }
    }

    /// How `queue` went. Before it was there, nothing was done.
    pub(crate) fn of(&self, queue: &str) -> QueueHistory {
        let looks = self.looks.lock();
        let seen = looks.by_queue.get(queue);
        let missing = looks.count - seen.map_or(0, VecDeque::len).min(looks.count);
        let before = std::iter::repeat_n(Look::default(), missing);
        let all: Vec<Look> = before.chain(seen.into_iter().flatten().copied()).collect();
        QueueHistory {
            interval_ms: u64::try_from(EVERY.as_millis()).unwrap_or(u64::MAX),
            queued: all.iter().map(|look| look.queued).collect(),
            running: all.iter().map(|look| look.running).collect(),
            submitted: all.iter().map(|look| look.moves.submitted).collect(),
            completed: all.iter().map(|look| look.moves.completed).collect(),
            failed: all.iter().map(|look| look.moves.failed).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{Queue, QueueSettings, StateCounts};

    use super::{History, KEPT};
    use crate::store::Moves;

    fn queue(name: &str, queued: u64) -> Queue {
        Queue {
            name: name.to_owned(),
            settings: QueueSettings::default(),
            tasks: StateCounts {
                queued,
                ..StateCounts::default()
            },
        }
    }

    fn submitted(submitted: u32) -> Moves {
        Moves {
            submitted,
            ..Moves::default()
        }
    }

    #[test]
    fn what_was_done_between_two_looks_is_told_with_what_is_there_then() {
        let history = History::default();
        history.look(&[queue("a", 3)]);
        history.count(vec![
            ("a".to_owned(), submitted(2)),
            ("b".to_owned(), submitted(1)),
        ]);
        history.count(vec![("a".to_owned(), submitted(2))]);
        history.look(&[queue("a", 7), queue("b", 1)]);
        let (a, b) = (history.of("a"), history.of("b"));
        assert_eq!((a.queued, a.submitted), (vec![3, 7], vec![0, 4]));
        assert_eq!((b.queued, b.submitted), (vec![0, 1], vec![0, 1]));
        assert_eq!(history.of("c").queued, [0, 0]);
    }

    #[test]
    fn what_is_long_ago_and_what_is_gone_is_forgotten() {
        let history = History::default();
        for _ in 0..KEPT + 5 {
            history.look(&[queue("a", 1)]);
        }
        assert_eq!(history.of("a").queued.len(), KEPT);
        history.look(&[]);
        assert!(history.of("a").queued.iter().all(|queued| *queued == 0));
    }
}
