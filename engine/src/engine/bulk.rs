//! Changes of many tasks: each goes on whoever waits for it, and says how far it is.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::future::join_all;
use glassworks_protocol::{BulkAction, BulkOutcome, BulkProgress, FieldError, TaskFilter, TaskId};
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::Engine;
use super::answers::answer;
use super::reading::acceptable;
use crate::error::Error;
use crate::store::Place;

/// Tasks of a bulk change that are one batch.
const AT_A_TIME: u32 = 500;
/// The most tasks that can be named one by one.
const MOST_NAMED: usize = 100;
/// The most changes that can go on at a time, of those that are asked after.
const MOST_AT_ONCE: usize = 8;
/// The most changes that can be asked after, those that are over among them.
const MOST_KEPT: usize = 64;

/// Which tasks are to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that match, those apart that are submitted after it has begun.
    Matching(TaskFilter),
    /// These, 100 at most.
    These(Vec<TaskId>),
}

/// The changes that can be asked after, oldest first.
#[derive(Default)]
pub(crate) struct BulkChanges(Mutex<VecDeque<Begun>>);

struct Begun {
    id: Uuid,
    progress: Progress,
}

type Progress = Arc<Mutex<BulkProgress>>;

impl BulkChanges {
    /// Makes room for the change `id`. `None` when it was begun before.
    fn begin(&self, id: Uuid, progress: BulkProgress) -> Result<Option<Progress>, Error> {
        let mut all = self.0.lock();
        if all.iter().any(|begun| begun.id == id) {
            return Ok(None);
        }
        let is_over = |begun: &Begun| begun.progress.lock().is_over;
        if all.iter().filter(|begun| !is_over(begun)).count() >= MOST_AT_ONCE {
            return Err(Error::Crowded);
        }
        if all.len() >= MOST_KEPT
            && let Some(oldest) = all.iter().position(is_over)
        {
            all.remove(oldest);
        }
        let progress = Arc::new(Mutex::new(progress));
        all.push_back(Begun {
            id,
            progress: Arc::clone(&progress),
        });
        Ok(Some(progress))
    }

    fn progress(&self, id: Uuid) -> Option<BulkProgress> {
        let all = self.0.lock();
        let begun = all.iter().find(|begun| begun.id == id)?;
        Some(begun.progress.lock().clone())
    }
}

impl Engine {
    /// Cancels, retries or deletes every task that matches, newest first. A task whose state
    /// forbids it is passed over, and counts as matched only.
    ///
    /// Each page of tasks is one batch, so others go on meanwhile; when it fails on the way, what
    /// was changed stays changed. It goes on when the caller goes away, and the log says what came
    /// of it; a shutdown ends it.
    pub async fn change_all(
        &self,
        action: BulkAction,
        filter: &TaskFilter,
    ) -> Result<BulkOutcome, Error> {
        acceptable(filter)?;
        let progress = Arc::new(Mutex::new(begun(action, None)));
        let which = Which::Matching(filter.clone());
        self.go_through(which, Arc::clone(&progress))
            .await
            .unwrap_or_else(|error| {
                tracing::error!(%error, "a change of many tasks panicked");
                Err(Error::Store)
            })?;
        let BulkProgress {
            matched, changed, ..
        } = *progress.lock();
        Ok(BulkOutcome { matched, changed })
    }

    /// Begins what [`change_all`](Self::change_all) does, and does not wait for it: `id`, which
    /// whoever asks has chosen, is what to ask after it by. Asked for again by the same `id`, it
    /// is not done twice. `expected` is how many tasks are thought to match.
    pub fn begin_change(
        &self,
        id: Uuid,
        action: BulkAction,
        which: Which,
        expected: Option<u64>,
    ) -> Result<(), Error> {
        match &which {
            Which::Matching(filter) => acceptable(filter)?,
            Which::These(ids) if ids.len() > MOST_NAMED => {
                let detail = format!("must be at most {MOST_NAMED}");
                return Err(Error::Invalid(vec![FieldError::new("ids", detail)]));
            }
            Which::These(_) => {}
        }
        if let Some(progress) = self.0.bulk.begin(id, begun(action, expected))? {
            // Nobody waits for it: it says itself how it ends.
            drop(self.go_through(which, progress));
        }
        Ok(())
    }

    /// A number for a change that is to be begun, which nobody can guess.
    pub fn change_id() -> Uuid {
        Uuid::new_v4()
    }

    /// How far the change `id` is that was begun on this node. It is forgotten some time after its
    /// end, and with the process.
    pub fn change_progress(&self, id: Uuid) -> Option<BulkProgress> {
        self.0.bulk.progress(id)
    }

    fn go_through(&self, which: Which, progress: Progress) -> JoinHandle<Result<(), Error>> {
        let engine = self.clone();
        // Whatever happens, it is seen to be over.
        let over = Over(Arc::clone(&progress));
        tokio::spawn(async move {
            let over = over;
            let done = match which {
                Which::Matching(filter) => engine.change_matching(filter, &progress).await,
                Which::These(ids) => engine.change_each(ids, &progress).await,
            };
            let BulkProgress {
                action,
                matched,
                changed,
                ..
            } = *progress.lock();
            match &done {
                Ok(()) => tracing::info!(?action, matched, changed, "many tasks were changed"),
                Err(error) => {
                    tracing::warn!(?action, matched, changed, %error, "a change of many tasks ended early");
                    progress.lock().problem = Some(error.problem());
                }
            }
            drop(over);
            done
        })
    }

    async fn change_matching(&self, filter: TaskFilter, progress: &Progress) -> Result<(), Error> {
        let mut place = Place::Newest;
        loop {
            let found = self
                .0
                .store
                .summaries(self.within_reach(&filter), place, AT_A_TIME)
                .await;
            let found = answer("summaries", found)?;
            let ids = found.tasks.iter().map(|task| task.id).collect();
            self.change_each(ids, progress).await?;
            match found.next {
                Some(next) => place = next,
                None => return Ok(()),
            }
        }
    }

    async fn change_each(&self, ids: Vec<TaskId>, progress: &Progress) -> Result<(), Error> {
        let action = progress.lock().action;
        let under_way = ids.into_iter().map(|id| self.apply(action, id));
        for applied in join_all(under_way).await {
            let changed = match applied {
                Ok(()) => 1,
                // Its state forbids it, or it has gone meanwhile.
                Err(Error::Conflict(_) | Error::UniqueKeyTaken(_) | Error::NotFound(_)) => 0,
                Err(error) => return Err(error),
            };
            let mut progress = progress.lock();
            progress.matched += 1;
            progress.changed += changed;
        }
        Ok(())
    }
}

fn begun(action: BulkAction, expected: Option<u64>) -> BulkProgress {
    BulkProgress {
        action,
        expected,
        matched: 0,
        changed: 0,
        is_over: false,
        problem: None,
    }
}

/// Says that a change is over when it is dropped.
struct Over(Progress);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
    }
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::BulkAction;
    use uuid::Uuid;

    use super::{BulkChanges, MOST_AT_ONCE, MOST_KEPT, begun};
    use crate::error::Error;

    #[test]
    fn what_is_kept_of_changes_is_bounded() {
        let changes = BulkChanges::default();
        let begin =
            |number: u128| changes.begin(Uuid::from_u128(number), begun(BulkAction::Cancel, None));
        let mut on_their_way = Vec::new();
        for number in 0..MOST_AT_ONCE {
            on_their_way.push(begin(number as u128).unwrap().unwrap());
        }
        // The same again is no other.
        assert_eq!(begin(0).map(|begun| begun.is_none()), Ok(true));
        assert!(matches!(begin(1_000), Err(Error::Crowded)));
        for number in 0..2 * MOST_KEPT {
            on_their_way.pop().unwrap().lock().is_over = true;
            on_their_way.push(begin(10_000 + number as u128).unwrap().unwrap());
        }
        assert_eq!(changes.0.lock().len(), MOST_KEPT);
        assert!(
            changes
                .progress(Uuid::from_u128(0))
                .is_some_and(|far| !far.is_over)
        );
        assert!(changes.progress(Uuid::from_u128(10_000)).is_none());
    }
}
