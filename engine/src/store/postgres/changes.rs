//! What a batch has decided and not yet stored, and storing it by a few statements.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures::{FutureExt, try_join};
use glassworks_protocol::{Event, Failure, Progress, TaskId, Timestamp};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

use super::connect::Connected;
use super::fault::Failed;
use super::remote::Remotes;
use super::rows::{StoredHead, json_text, narrow, signed};
use super::statements::WriterStatements;
use super::text::escaped;
use crate::store::decision::{Effects, LATEST_FAILURES};
use crate::store::write::NewRow;
use crate::store::{Deletion, codes};

/// What a batch has decided and not yet stored.
#[derive(Default)]
pub(super) struct Pending<'b> {
    /// Tasks that are not stored at all yet, in the order of submission. Most are claimed by the
    /// batch that accepts them: they are stored once, as the claim leaves them.
    pub(super) new: Vec<&'b NewRow>,
    /// Tasks whose heads have changed.
    dirty: BTreeMap<TaskId, Dirty>,
    /// Tasks of whose remote attempts something else is known.
    pub(super) reported: BTreeSet<TaskId>,
    /// How many of the batch's events are stored.
    stored_events: usize,
    deletions: Vec<(TaskId, Deletion)>,
    failures: Vec<(TaskId, Failure)>,
    results: BTreeMap<TaskId, String>,
    gone: Vec<Uuid>,
    pub(super) paces: BTreeMap<String, i64>,
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
    pub(super) fn note(&mut self, id: TaskId, moved: bool, effects: Effects) {
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
    pub(super) fn forget_progress(&mut self, id: TaskId) {
        self.dirty.entry(id).or_default().progress = Shown::Nothing;
    }

    pub(super) fn forget(&mut self, id: TaskId) {
        self.gone.push(id.0);
        self.new.retain(|new| new.id != id);
        self.dirty.remove(&id);
        self.reported.remove(&id);
    }

    /// Stores what is known of `heads` and `events`; of tasks that are not stored at all yet only
    /// if `new_too`.
    pub(super) async fn flush(
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
pub(super) async fn when(
    wanted: bool,
    done: impl Future<Output = Result<u64, Error>>,
) -> Result<u64, Error> {
    if wanted { done.await } else { Ok(0) }
}

/// Asks only if it is `wanted`: otherwise nothing is found.
pub(super) async fn ask(
    wanted: bool,
    found: impl Future<Output = Result<Vec<Row>, Error>>,
) -> Result<Vec<Row>, Error> {
    if wanted { found.await } else { Ok(Vec::new()) }
}

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}

fn log_text(stored: &StoredHead) -> Result<Option<String>, Failed> {
    let log = &stored.head.log;
    Ok((!log.is_new()).then(|| json_text(log)).transpose()?)
}

/// A progress as its two columns.
fn progress_columns(progress: Option<Progress>) -> (Option<f64>, Option<String>) {
    progress.map_or((None, None), |progress| {
        let message = progress.message.map(|text| escaped(&text).into_owned());
        (Some(progress.fraction), message)
    })
}

/// The columns of heads that change.
#[derive(Default)]
struct Heads {
    ids: Vec<Uuid>,
    states: Vec<i16>,
    attempts: Vec<i32>,
    forgiven: Vec<i32>,
    run_at: Vec<i64>,
    wait_ms: Vec<Option<i64>>,
    started_at: Vec<Option<i64>>,
    finished_at: Vec<Option<i64>>,
    lease_expires_at: Vec<Option<i64>>,
    cancel_requested: Vec<bool>,
    last_seq: Vec<i64>,
    logs: Vec<Option<String>>,
    failed: Vec<i32>,
    nodes: Vec<Option<String>>,
    fractions: Vec<Option<f64>>,
    messages: Vec<Option<String>>,
}

impl Heads {
    fn add(
        &mut self,
        stored: &StoredHead,
        failed: i32,
        progress: Option<Progress>,
    ) -> Result<(), Failed> {
        let head = &stored.head;
        self.ids.push(head.id.0);
        self.states.push(codes::code(head.state));
        self.attempts.push(narrow(head.attempt));
        self.forgiven.push(narrow(head.forgiven));
        self.run_at.push(head.run_at.as_millis());
        self.wait_ms.push(head.wait_ms.map(signed));
        self.started_at.push(millis(head.started_at));
        self.finished_at.push(millis(head.finished_at));
        self.lease_expires_at.push(millis(head.lease_expires_at));
        self.cancel_requested.push(head.cancel_requested);
        self.last_seq.push(signed(head.last_seq));
        self.logs.push(log_text(stored)?);
        self.failed.push(failed);
        self.nodes.push(stored.node.clone());
        let (fraction, message) = progress_columns(progress);
        self.fractions.push(fraction);
        self.messages.push(message);
        Ok(())
    }
}

/// Heads that are stored already.
#[derive(Default)]
struct Updates {
    heads: Heads,
    progressed: Vec<bool>,
}

impl Updates {
    fn add(&mut self, stored: &StoredHead, dirty: Dirty) -> Result<(), Failed> {
        let stays = matches!(dirty.progress, Shown::AsBefore);
        self.progressed.push(!stays);
        let progress = dirty.progress.changed();
        self.heads.add(stored, dirty.failed, progress)
    }

    async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let heads = &self.heads;
        if heads.ids.is_empty() {
            return Ok(());
        }
        let (client, its) = (&connected.client, &connected.statements);
        client
            .execute(
                &its.save_heads,
                &[
                    &heads.ids,
                    &heads.states,
                    &heads.attempts,
                    &heads.forgiven,
                    &heads.run_at,
                    &heads.wait_ms,
                    &heads.started_at,
                    &heads.finished_at,
                    &heads.lease_expires_at,
                    &heads.cancel_requested,
                    &heads.last_seq,
                    &heads.logs,
                    &heads.failed,
                    &heads.nodes,
                    &self.progressed,
                    &heads.fractions,
                    &heads.messages,
                ],
            )
            .await
            .map(drop)
    }
}

/// Tasks that are stored for the first time.
#[derive(Default)]
struct Inserts<'b> {
    heads: Heads,
    kinds: Vec<&'b str>,
    queues: Vec<&'b str>,
    priorities: Vec<i16>,
    max_attempts: Vec<i32>,
    timeouts: Vec<i64>,
    created_at: Vec<i64>,
    unique_keys: Vec<Option<String>>,
    schedules: Vec<Option<Uuid>>,
    tagged: Vec<bool>,
    payloads: Vec<&'b str>,
    tags: Vec<Option<String>>,
    retries: Vec<Option<String>>,
    traces: Vec<Option<&'b str>>,
    submitters: Vec<Option<String>>,
    labels: Labels<'b>,
}

/// The tags of tasks that are stored for the first time.
#[derive(Default)]
struct Labels<'b> {
    tags: Vec<&'b str>,
    kinds: Vec<&'b str>,
    queues: Vec<&'b str>,
    states: Vec<i16>,
    tasks: Vec<Uuid>,
}

impl<'b> Inserts<'b> {
    fn add(&mut self, new: &'b NewRow, stored: &StoredHead, dirty: Dirty) -> Result<(), Failed> {
        self.heads
            .add(stored, dirty.failed, dirty.progress.changed())?;
        self.kinds.push(&new.kind);
        self.queues.push(&new.queue);
        self.priorities.push(stored.priority);
        self.max_attempts.push(narrow(new.max_attempts));
        self.timeouts.push(signed(new.timeout_ms));
        self.created_at.push(stored.head.created_at.as_millis());
        self.unique_keys.push(stored.unique_key.clone());
        self.schedules.push(new.schedule_id);
        self.tagged.push(stored.tagged);
        self.payloads.push(&new.payload);
        let tags = stored.tagged.then(|| json_text(&new.tags)).transpose()?;
        self.tags.push(tags);
        self.retries
            .push(new.retry.as_ref().map(json_text).transpose()?);
        self.traces.push(new.traceparent.as_deref());
        let submitter = new.submitted_by.as_deref();
        self.submitters
            .push(submitter.map(|name| escaped(name).into_owned()));
        for tag in &new.tags {
            let labels = &mut self.labels;
            labels.tags.push(tag);
            labels.kinds.push(&new.kind);
            labels.queues.push(&new.queue);
            labels.states.push(codes::code(stored.head.state));
            labels.tasks.push(new.id.0);
        }
        Ok(())
    }

    async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let (heads, labels) = (&self.heads, &self.labels);
        let any = !heads.ids.is_empty();
        let (client, its) = (&connected.client, &connected.statements);
        try_join!(
            when(any, async {
                client
                    .execute(
                        &its.insert_tasks,
                        &[
                            &heads.ids,
                            &self.kinds,
                            &self.queues,
                            &heads.states,
                            &self.priorities,
                            &heads.attempts,
                            &self.max_attempts,
                            &heads.forgiven,
                            &self.timeouts,
                            &heads.run_at,
                            &heads.wait_ms,
                            &self.created_at,
                            &heads.started_at,
                            &heads.finished_at,
                            &heads.lease_expires_at,
                            &heads.cancel_requested,
                            &heads.last_seq,
                            &heads.logs,
                            &heads.failed,
                            &heads.nodes,
                            &self.unique_keys,
                            &self.schedules,
                            &self.tagged,
                            &heads.fractions,
                            &heads.messages,
                        ],
                    )
                    .await
            }),
            when(any, async {
                client
                    .execute(
                        &its.insert_bodies,
                        &[
                            &heads.ids,
                            &self.payloads,
                            &self.tags,
                            &self.retries,
                            &self.traces,
                            &self.submitters,
                        ],
                    )
                    .await
            }),
            when(!labels.tags.is_empty(), async {
                client
                    .execute(
                        &its.insert_tags,
                        &[
                            &labels.tags,
                            &labels.kinds,
                            &labels.queues,
                            &labels.states,
                            &labels.tasks,
                        ],
                    )
                    .await
            }),
        )
        .map(drop)
    }
}

/// Tasks with tags that are in another state.
#[derive(Default)]
struct Moves {
    tasks: Vec<Uuid>,
    states: Vec<i16>,
}

impl Moves {
    async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let (client, its) = (&connected.client, &connected.statements);
        let moved = async {
            client
                .execute(&its.move_tags, &[&self.tasks, &self.states])
                .await
        };
        when(!self.tasks.is_empty(), moved).await.map(drop)
    }
}

/// Entries of logs.
#[derive(Default)]
struct Told {
    tasks: Vec<Uuid>,
    seqs: Vec<i64>,
    attempts: Vec<i32>,
    ats: Vec<i64>,
    bodies: Vec<String>,
}

impl Told {
    fn of(events: &[Event]) -> Result<Self, Failed> {
        let mut told = Self::default();
        for event in events {
            told.tasks.push(event.task_id.0);
            told.seqs.push(signed(event.seq));
            told.attempts.push(narrow(event.attempt));
            told.ats.push(event.at.as_millis());
            told.bodies.push(json_text(&event.body)?);
        }
        Ok(told)
    }

    async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let (client, its) = (&connected.client, &connected.statements);
        let stored = async {
            client
                .execute(
                    &its.insert_events,
                    &[
                        &self.tasks,
                        &self.seqs,
                        &self.attempts,
                        &self.ats,
                        &self.bodies,
                    ],
                )
                .await
        };
        when(!self.tasks.is_empty(), stored).await.map(drop)
    }
}

/// Entries of logs that go, and what stands in their places.
#[derive(Default)]
struct Cuts {
    tasks: Vec<Uuid>,
    firsts: Vec<i64>,
    marks: Vec<i64>,
    bodies: Vec<String>,
}

impl Cuts {
    fn of(deletions: Vec<(TaskId, Deletion)>) -> Result<Self, Failed> {
        let mut cuts = Self::default();
        for (task, deletion) in deletions {
            cuts.tasks.push(task.0);
            cuts.firsts.push(signed(deletion.first_seq));
            cuts.marks.push(signed(deletion.mark_seq));
            cuts.bodies.push(json_text(&deletion.mark)?);
        }
        Ok(cuts)
    }

    async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let any = !self.tasks.is_empty();
        let (client, its) = (&connected.client, &connected.statements);
        try_join!(
            when(any, async {
                client
                    .execute(
                        &its.delete_entries,
                        &[&self.tasks, &self.firsts, &self.marks],
                    )
                    .await
            }),
            when(any, async {
                client
                    .execute(&its.mark_gaps, &[&self.tasks, &self.marks, &self.bodies])
                    .await
            }),
        )
        .map(drop)
    }
}

/// Failures to keep.
#[derive(Default)]
struct Failures {
    tasks: Vec<Uuid>,
    attempts: Vec<i32>,
    ats: Vec<i64>,
    ran: Vec<i64>,
    messages: Vec<String>,
    /// Tasks that may have more than are kept.
    many: Vec<Uuid>,
}

impl Failures {
    fn of(failures: &[(TaskId, Failure)]) -> Self {
        let mut kept = Self::default();
        for (task, failure) in failures {
            kept.tasks.push(task.0);
            kept.attempts.push(narrow(failure.attempt));
            kept.ats.push(failure.at.as_millis());
            kept.ran.push(signed(failure.ran_ms));
            kept.messages.push(escaped(&failure.message).into_owned());
            if failure.attempt > LATEST_FAILURES {
                kept.many.push(task.0);
            }
        }
        kept
    }

    async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let (client, its) = (&connected.client, &connected.statements);
        try_join!(
            when(!self.tasks.is_empty(), async {
                client
                    .execute(
                        &its.insert_failures,
                        &[
                            &self.tasks,
                            &self.attempts,
                            &self.ats,
                            &self.ran,
                            &self.messages,
                        ],
                    )
                    .await
            }),
            when(!self.many.is_empty(), async {
                client
                    .execute(
                        &its.thin_failures,
                        &[&self.many, &i64::from(LATEST_FAILURES)],
                    )
                    .await
            }),
        )
        .map(drop)
    }
}
