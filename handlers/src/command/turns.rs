//! One program at a time for each task: an attempt that was cut off may have one that is still
//! being ended, and the next attempt does not begin beside it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use glassworks_protocol::TaskId;
use parking_lot::Mutex;
use tokio::sync::{Mutex as Place, OwnedMutexGuard};

/// The turns that are taken or waited for.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<TaskId, Weak<Place<()>>>>);

/// A task's turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _guard: OwnedMutexGuard<()>,
}

impl Turns {
    /// Waits for the task's turn. Cancel safe.
    pub(super) async fn take(&self, task: TaskId) -> Turn {
        let place = self.place(task);
        Turn {
            _guard: place.lock_owned().await,
        }
    }

    fn place(&self, task: TaskId) -> Arc<Place<()>> {
        let mut places = self.0.lock();
        if let Some(place) = places.get(&task).and_then(Weak::upgrade) {
            return place;
        }
        // There are no more of them than programs that run.
        places.retain(|_, place| place.strong_count() > 0);
        let place = Arc::default();
        places.insert(task, Arc::downgrade(&place));
        place
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use glassworks_protocol::TaskId;

    use super::Turns;

    #[tokio::test]
    async fn a_task_has_one_turn_and_tasks_do_not_wait_for_each_other() {
        let turns = Turns::default();
        let task = |last: u8| -> TaskId {
            format!("0198c7a0-0000-7000-8000-00000000000{last}")
                .parse()
                .unwrap()
        };
        let (one, other) = (task(1), task(2));
        let first = turns.take(one).await;
        let mut second = Box::pin(turns.take(one));
        assert!(second.as_mut().now_or_never().is_none());
        drop(turns.take(other).await);
        drop(first);
        drop(second.await);
        drop(turns.take(other).await);
        assert_eq!(turns.0.lock().len(), 1, "what is over is forgotten");
    }
}
