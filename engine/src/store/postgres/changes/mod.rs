//! What a batch has decided and not yet stored, and storing it by a few statements.

mod logs;
mod rows;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures::{FutureExt, try_join};
use glassworks_protocol::{Event, Failure, Progress, TaskId};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

use super::connect::Connected;
use super::fault::Failed;
use super::remote::Remotes;
use super::rows::StoredHead;
use super::statements::WriterStatements;
use crate::store::decision::Effects;
use crate::store::write::NewRow;
use crate::store::{Deletion, codes};
use logs::{Cuts, Failures, Told};
use rows::{Inserts, Moves, Updates};

/// What a batch has decided and not yet stored.
#[derive(Default)]
pub(in crate::store::postgres) struct Pending<'b> {
    /// Tasks that are not stored at all yet, in the order of submission. Most are claimed by the
    /// batch that accepts them: they are stored once, as the claim leaves them.
    pub(in crate::store::postgres) new: Vec<&'b NewRow>,
    /// Tasks whose heads have changed.
    dirty: BTreeMap<TaskId, Dirty>,
    /// Tasks of whose remote attempts something else is known.
    pub(in crate::store::postgres) reported: BTreeSet<TaskId>,
    /// How many of the batch's events are stored.
    stored_events: usize,
    deletions: Vec<(TaskId, Deletion)>,
    failures: Vec<(TaskId, Failure)>,
    results: BTreeMap<TaskId, String>,
    gone: Vec<Uuid>,
    pub(in crate::store::postgres) paces: BTreeMap<String, i64>,
}

/// What is to be stored of a task beside its head.
#[derive(Default)]
struct Dirty {
    /// Failures that were added.
    failed: i32,
    /// What it shows of its progress.
    progress: Shown,
    /// It is in another state.
    moved: bool,
}

/// What a task shows of its progress.
#[derive(Default)]
enum Shown {
    /// What it showed before.
    #[default]
    AsBefore,
    /// Nothing: a new attempt begins.
    Nothing,
    This(Progress),
}

impl Shown {
    /// What it shows now, where that changed.
    fn changed(self) -> Option<Progress> {
        match self {
            Self::This(progress) => Some(progress),
            Self::AsBefore | Self::Nothing => None,
        }
    }
}

impl Pending<'_> {
    /// Notes what a decision left to be stored, but for its events.
    pub(in crate::store::postgres) fn note(&mut self, id: TaskId, moved: bool, effects: Effects) {
        let dirty = self.dirty.entry(id).or_default();
        dirty.moved |= moved;
        if let Some(progress) = effects.progress {
            dirty.progress = Shown::This(progress);
        }
        if let Some(failure) = effects.failure {
            dirty.failed += 1;
            self.failures.push((id, failure));
        }
        if let Some(deletion) = effects.deletion {
            self.deletions.push((id, deletion));
        }
        if let Some(result) = effects.result {
            self.results.insert(id, result);
        }
    }

    /// Notes that a new attempt begins, which has no progress yet.
    pub(in crate::store::postgres) fn forget_progress(&mut self, id: TaskId) {
        self.dirty.entry(id).or_default().progress = Shown::Nothing;
    }

    pub(in crate::store::postgres) fn forget(&mut self, id: TaskId) {
        self.gone.push(id.0);
        self.new.retain(|new| new.id != id);
        self.dirty.remove(&id);
        self.reported.remove(&id);
    }

    /// Stores what is known of `heads` and `events`; of tasks that are not stored at all yet only
    /// if `new_too`.
    pub(in crate::store::postgres) async fn flush(
        &mut self,
        connected: &Connected<WriterStatements>,
        heads: &HashMap<TaskId, StoredHead>,
        events: &[Event],
        new_too: bool,
    ) -> Result<(), Failed> {
        let mut inserts = Inserts::default();
        if new_too {
            for new in std::mem::take(&mut self.new) {
                let dirty = self.dirty.remove(&new.id).unwrap_or_default();
                if let Some(stored) = heads.get(&new.id) {
                    inserts.add(new, stored, dirty)?;
                }
            }
        }
        let unstored: HashSet<TaskId> = self.new.iter().map(|new| new.id).collect();
        // Tasks that are over, and all others that are stored already.
        let (mut over, mut updates) = (Updates::default(), Updates::default());
        let mut moves = Moves::default();
        for (id, dirty) in std::mem::take(&mut self.dirty) {
            if unstored.contains(&id) {
                self.dirty.insert(id, dirty);
            } else if let Some(stored) = heads.get(&id) {
                if dirty.moved && stored.tagged {
                    moves.tasks.push(id.0);
                    moves.states.push(codes::code(stored.head.state));
                }
                if stored.head.state.is_final() {
                    over.add(stored, dirty)?;
                } else {
                    updates.add(stored, dirty)?;
                }
            }
        }
        let mut remotes = Remotes::default();
        let mut not_remote = self.gone.clone();
        for id in std::mem::take(&mut self.reported) {
            match heads.get(&id) {
                Some(stored) if stored.head.remote.is_some() => remotes.add(stored)?,
                _ => not_remote.push(id.0),
            }
        }
        let told = Told::of(&events[self.stored_events..])?;
        self.stored_events = events.len();
        let cuts = Cuts::of(std::mem::take(&mut self.deletions))?;
        let failures = Failures::of(&std::mem::take(&mut self.failures));
        let (with_result, results): (Vec<Uuid>, Vec<String>) = std::mem::take(&mut self.results)
            .into_iter()
            .map(|(id, result)| (id.0, result))
            .unzip();
        let gone = std::mem::take(&mut self.gone);
        let (limited, paces): (Vec<String>, Vec<i64>) =
            std::mem::take(&mut self.paces).into_iter().unzip();
        let (client, its) = (&connected.client, &connected.statements);
        let any = !gone.is_empty();
        // In this order, and without waiting for each other. What is over gives its unique key back
        // before another task of the batch takes it.
        try_join!(
            over.store(connected).boxed(),
            updates.store(connected).boxed(),
            inserts.store(connected).boxed(),
            moves.store(connected).boxed(),
            remotes.store(connected).boxed(),
            told.store(connected).boxed(),
            cuts.store(connected).boxed(),
            failures.store(connected).boxed(),
            when(!results.is_empty(), async {
                client
                    .execute(&its.save_results, &[&with_result, &results])
                    .await
            }),
            when(!limited.is_empty(), async {
                client.execute(&its.save_paces, &[&limited, &paces]).await
            }),
            when(any, async {
                client.execute(&its.delete_tasks, &[&gone]).await
            }),
            when(any, async {
                client.execute(&its.delete_bodies, &[&gone]).await
            }),
            when(any, async {
                client.execute(&its.delete_results, &[&gone]).await
            }),
            when(any, async {
                client.execute(&its.delete_failures, &[&gone]).await
            }),
            when(any, async {
                client.execute(&its.delete_events, &[&gone]).await
            }),
            when(any, async {
                client.execute(&its.delete_tags, &[&gone]).await
            }),
            when(!not_remote.is_empty(), async {
                client.execute(&its.delete_remotes, &[&not_remote]).await
            }),
        )?;
        Ok(())
    }
}

/// Does it only if it is `wanted`.
pub(in crate::store::postgres) async fn when(
    wanted: bool,
    done: impl Future<Output = Result<u64, Error>>,
) -> Result<u64, Error> {
    if wanted { done.await } else { Ok(0) }
}

/// Asks only if it is `wanted`: otherwise nothing is found.
pub(in crate::store::postgres) async fn ask(
    wanted: bool,
    found: impl Future<Output = Result<Vec<Row>, Error>>,
) -> Result<Vec<Row>, Error> {
    if wanted { found.await } else { Ok(Vec::new()) }
}
