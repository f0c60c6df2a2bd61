//! One batch: loading what its writes are about, deciding them in memory, storing what came of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{FutureExt, try_join};
use glassworks_protocol::{EventBody, QueueSettings, State, TaskId, Timestamp};
use uuid::Uuid;

use super::audit::Entries;
use super::changes::{Pending, ask, when};
use super::connect::Connected;
use super::fault::Failed;
use super::news::Draft;
use super::rows::{self, StoredHead};
use super::statements::WriterStatements;
use super::subject::Subject;
use super::text::escaped;
use super::{Time, queues, remote, sql};
use crate::limits::Limits;
use crate::store::allowance::Pace;
use crate::store::counts::Counts;
use crate::store::decision::{Effects, Head};
use crate::store::write::{
    Accepted, Committed, End, NewRow, Offer, Outcome, Refusal, Write, fenced,
};
use crate::store::{StoreError, StoreFailure, codes};

/// One batch in its transaction.
pub(super) struct Batch<'b> {
    pub(super) connected: &'b Connected<WriterStatements>,
    pub(super) limits: Limits,
    pub(super) now: Timestamp,
    /// How far this process's clock is ahead of the store's, in milliseconds.
    pub(super) clock_ahead_ms: i64,
    /// The heads of the tasks that the batch is about, locked, as they stand now.
    pub(super) heads: HashMap<TaskId, StoredHead>,
    /// Of the keys that the batch is about, escaped, those that an unfinished task has.
    keys: HashMap<String, TaskId>,
    /// The requests of the batch that are known already.
    pub(super) requests: HashMap<String, (Vec<u8>, Vec<TaskId>)>,
    pub(super) counts: Counts,
    pub(super) queues: HashMap<String, (QueueSettings, Pace)>,
    /// The kinds that workers have offered, where the batch offers any.
    pub(super) kinds: BTreeSet<String>,
    /// What is offered now, by kind.
    pub(super) offers: BTreeMap<String, Offer>,
    pub(super) pending: Pending<'b>,
    pub(super) committed: Committed,
    pub(super) news: Draft,
    pub(super) entries: Entries,
}

/// A batch that was decided.
pub(super) struct Decided {
    pub(super) committed: Committed,
    /// The transaction's number, by which it can be asked for.
    pub(super) transaction: String,
}

/// Why a batch was not committed.
pub(super) enum Ended {
    /// It was not.
    Failed(Failed),
    /// The connection was lost when it was being committed: it may have been.
    Unknown(Box<Decided>, StoreError),
}

impl<T: Into<Failed>> From<T> for Ended {
    fn from(failed: T) -> Self {
        Self::Failed(failed.into())
    }
}

impl<'b> Batch<'b> {
    /// Decides all of `writes` in one transaction, and commits it.
    pub(super) async fn commit(
        connected: &'b Connected<WriterStatements>,
        writes: &'b [Write],
        limits: Limits,
        time: &Time,
        by: Uuid,
    ) -> Result<Committed, Ended> {
        let (mut batch, transaction) = Self::load(connected, writes, limits, time).boxed().await?;
        for write in writes {
            let outcome = batch.apply(write).boxed().await?;
            batch.committed.outcomes.push(outcome);
        }
        let stored = batch.store(by).boxed().await;
        let committed = batch.committed;
        match stored {
            Ok(()) => Ok(committed),
            Err(failed)
                if connected.is_closed() || failed.error.failure == StoreFailure::Unreachable =>
            {
                let decided = Decided {
                    committed,
                    transaction,
                };
                Err(Ended::Unknown(Box::new(decided), failed.error))
            }
            Err(failed) => Err(Ended::Failed(failed)),
        }
    }

    /// Loads what the writes are about. The heads come first, locked, so that nothing of what is
    /// read after them is older than they are.
    async fn load(
        connected: &'b Connected<WriterStatements>,
        writes: &'b [Write],
        limits: Limits,
        time: &Time,
    ) -> Result<(Self, String), Failed> {
        let subject = Subject::of(writes);
        let (client, its) = (&connected.client, &connected.statements);
        let begin = if writes.iter().any(Write::must_be_durable) {
            sql::BEGIN
        } else {
            sql::BEGIN_LAZILY
        };
        let ((), transaction, heads, remotes, keys, requests, counts, queues, kinds, now) = try_join!(
            client.batch_execute(begin),
            client.query_one(&its.probe, &[]),
            ask(!subject.tasks.is_empty(), async {
                client.query(&its.heads, &[&subject.tasks]).await
            }),
            ask(!subject.remote.is_empty(), async {
                client.query(&its.remotes, &[&subject.remote]).await
            }),
            ask(
                !subject.keys.is_empty() || !subject.retried.is_empty(),
                async {
                    client
                        .query(&its.keys, &[&subject.keys, &subject.retried])
                        .await
                }
            ),
            ask(!subject.requests.is_empty(), async {
                client.query(&its.requests, &[&subject.requests]).await
            }),
            ask(subject.counted, client.query(&its.counts, &[])),
            ask(subject.claims, client.query(&its.queues, &[])),
            ask(subject.offers, client.query(&its.names_of_kinds, &[])),
            client.query_one(&its.now, &[]),
        )?;
        let stored_now = rows::moment(&now, 0)?;
        let now = time.now(stored_now);
        let mut batch = Self {
            connected,
            limits,
            now,
            clock_ahead_ms: time.ahead_of(now),
            heads: HashMap::new(),
            keys: HashMap::new(),
            requests: HashMap::new(),
            counts: Counts::default(),
            queues: HashMap::new(),
            kinds: BTreeSet::new(),
            offers: BTreeMap::new(),
            pending: Pending::default(),
            committed: Committed::default(),
            news: Draft::default(),
            entries: Entries::default(),
        };
        let mut remotes = remote::by_task(&remotes)?;
        for row in &heads {
            let mut stored = rows::head(row)?;
            stored.head.remote = remotes.remove(&stored.head.id);
            batch.heads.insert(stored.head.id, stored);
        }
        for row in &keys {
            batch
                .keys
                .insert(rows::get(row, 0)?, rows::task_id(row, 1)?);
        }
        for row in &requests {
            let tasks: Vec<Uuid> = rows::get(row, 2)?;
            let tasks = tasks.into_iter().map(TaskId).collect();
            let known = (rows::get(row, 1)?, tasks);
            batch.requests.insert(rows::get(row, 0)?, known);
        }
        for row in &counts {
            let (queue, kind, tasks) = (
                rows::get(row, 0)?,
                rows::get(row, 1)?,
                rows::number(row, 3)?,
            );
            batch
                .counts
                .add_stored(queue, kind, rows::state(row, 2)?, tasks);
        }
        for row in &queues {
            let (name, settings, pace) = queues::settings(row)?;
            batch.queues.insert(name, (settings, pace));
        }
        for row in &kinds {
            batch.kinds.insert(rows::get(row, 0)?);
        }
        Ok((batch, rows::get(&transaction, 0)?))
    }

    pub(super) async fn apply(&mut self, write: &'b Write) -> Result<Outcome, Failed> {
        let now = self.now;
        Ok(match write {
            Write::Probe => Outcome::Probed,
            Write::Submit(rows) => Outcome::Submitted(self.submit(rows)),
            Write::SubmitOnce { rows, request } => {
                Outcome::Submitted(self.submit_once(rows, request).await?)
            }
            Write::Claim(claim) => self.claim(claim).await?,
            Write::Record {
                task,
                attempt,
                entries,
            } => Outcome::Recorded(self.record(*task, *attempt, entries)),
            Write::Finish {
                task,
                attempt,
                entries,
                end,
            } => Outcome::Finished(self.finish(*task, *attempt, entries, end)),
            Write::Report { reports, lease_ms } => {
                Outcome::Reported(self.report(reports, *lease_ms))
            }
            Write::Offer(offers) => Outcome::Offered(self.offer(offers)),
            Write::Renew { attempts, lease_ms } => {
                Outcome::Renewed(self.renew(attempts, *lease_ms))
            }
            Write::Rescue { lost, limit } => Outcome::Rescued(self.rescue(lost, *limit).await?),
            Write::Cancel(task) => {
                let done = self.change(*task, |head| head.cancel(now));
                let running =
                    done.map(|head| (head.state == State::Running).then_some(head.attempt));
                if let Ok(Some(attempt)) = running {
                    self.news.cancelled(*task, attempt);
                }
                Outcome::Changed(running)
            }
            Write::Retry(task) => {
                if let Some(holder) = self.key_holder(*task) {
                    return Ok(Outcome::Changed(Err(Refusal::KeyTaken(holder))));
                }
                let done = self.change(*task, |head| head.retry(now));
                self.committed.wake |= done.is_ok();
                Outcome::Changed(done.map(|_| None))
            }
            Write::Delete(task) => Outcome::Changed(self.delete(*task)),
            Write::SaveQueue { name, settings } => {
                self.save_queue(name, settings).await?;
                self.committed.wake = true;
                Outcome::QueueSaved
            }
            Write::SaveSchedule(schedule) => {
                self.save_schedule(schedule).await?;
                Outcome::ScheduleSaved
            }
            Write::DeleteSchedule(id) => Outcome::ScheduleDeleted(self.delete_schedule(*id).await?),
            Write::Reschedule { schedule, from, to } => {
                Outcome::Rescheduled(self.reschedule(*schedule, *from, *to).await?)
            }
            Write::Fire(firing) => Outcome::Fired(self.fire(firing).await?),
            Write::Prune {
                completed_ms,
                failed_ms,
                limit,
            } => Outcome::Pruned(self.prune(*completed_ms, *failed_ms, *limit).await?),
            Write::PruneRequests { accepted_ms, limit } => {
                Outcome::Pruned(self.prune_requests(*accepted_ms, *limit).await?)
            }
            Write::By(caused) => self.apply_by(caused).await?,
            Write::SaveKey(key) => Outcome::KeySaved(self.save_key(key).await?),
            Write::RevokeKey(id) => Outcome::KeyRevoked(self.revoke_key(*id).await?),
            Write::SaveSession(session) => {
                self.save_session(session).await?;
                Outcome::SessionSaved
            }
            Write::EndSession(id) => Outcome::SessionEnded(self.end_session(*id).await?),
            Write::SaveUse(used) => {
                self.save_use(used).await?;
                Outcome::UseSaved
            }
            Write::PruneSessions { idle_ms, limit } => {
                Outcome::Pruned(self.prune_sessions(*idle_ms, *limit).await?)
            }
            Write::PruneAudit { older_ms, limit } => {
                Outcome::Pruned(self.prune_audit(*older_ms, *limit).await?)
            }
        })
    }

    /// Stores all that is pending, tells the other nodes, and commits. After an error the commit
    /// undoes, so that it need not wait for the answers before it.
    async fn store(&mut self, by: Uuid) -> Result<(), Failed> {
        self.committed.moves = self.counts.take_moves();
        let mut counts = CountColumns::default();
        for (queue, kind, state, by) in self.counts.take_shifts() {
            counts.queues.push(queue);
            counts.kinds.push(kind);
            counts.states.push(codes::code(state));
            counts.by.push(by);
        }
        self.news.left(self.counts.total(State::Queued) > 0);
        let news = std::mem::take(&mut self.news).finish(by, &self.committed);
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let (connected, heads, events) = (self.connected, &self.heads, &self.committed.events);
        let flushed = self.pending.flush(connected, heads, events, true).boxed();
        let counted = async {
            let added = async {
                client
                    .execute(
                        &its.add_counts,
                        &[&counts.queues, &counts.kinds, &counts.states, &counts.by],
                    )
                    .await
            };
            when(!counts.queues.is_empty(), added)
                .await
                .map_err(Failed::from)
        };
        let offered = remote::save_kinds(connected, &self.offers, self.now);
        let offered = async { offered.await.map_err(Failed::from) };
        let entered = async {
            let entered = self.entries.store(connected).await;
            entered.map_err(Failed::from)
        };
        let told = async {
            let told = async { client.execute(&its.notify, &[&news]).await };
            when(news.is_some(), told).await.map_err(Failed::from)
        };
        let committed = async {
            let committed = client.batch_execute(sql::COMMIT);
            committed.await.map_err(Failed::from)
        };
        try_join!(flushed, counted, offered, entered, told, committed)?;
        Ok(())
    }

    pub(super) fn submit(&mut self, rows: &'b [NewRow]) -> Result<Vec<Accepted>, Refusal> {
        let new = rows
            .iter()
            .filter(|row| self.unfinished_with(row.unique_key.as_deref()).is_none());
        let new = new.map(|row| (row.queue.as_str(), row.unique_key.as_deref()));
        self.counts.have_room_for(new, &self.limits)?;
        let mut accepted = Vec::with_capacity(rows.len());
        for new in rows {
            // Again: two of them may have the same key.
            if let Some(id) = self.unfinished_with(new.unique_key.as_deref()) {
                accepted.push(Accepted::Existing(id));
                continue;
            }
            let (head, effects) = Head::accept(new, self.now);
            self.counts
                .shift((&new.queue, &new.kind), None, Some(head.state));
            self.committed.wake = true;
            accepted.push(Accepted::New(head.clone()));
            let unique_key = new
                .unique_key
                .as_deref()
                .map(|key| escaped(key).into_owned());
            if let Some(key) = &unique_key {
                self.keys.insert(key.clone(), new.id);
            }
            let stored = StoredHead {
                kind: new.kind.clone(),
                queue: new.queue.clone(),
                timeout_ms: new.timeout_ms,
                priority: new.priority.into(),
                node: None,
                unique_key,
                tagged: !new.tags.is_empty(),
                head,
            };
            self.committed.events.extend(effects.events);
            self.heads.insert(new.id, stored);
            self.pending.new.push(new);
        }
        Ok(accepted)
    }

    /// The unfinished task that has `key`.
    pub(super) fn unfinished_with(&self, key: Option<&str>) -> Option<TaskId> {
        self.keys.get(&*escaped(key?)).copied()
    }

    fn record(&mut self, task: TaskId, attempt: u32, entries: &[EventBody]) -> Result<(), Refusal> {
        let (now, limits) = (self.now, self.limits);
        let done = self.change(task, |head| {
            head.record(now, attempt, entries.to_vec(), &limits)
        });
        fenced(done.map(drop))
    }

    fn finish(
        &mut self,
        task: TaskId,
        attempt: u32,
        entries: &[EventBody],
        end: &End,
    ) -> Result<State, Refusal> {
        let (now, limits) = (self.now, self.limits);
        let done = self.change(task, |head| {
            head.finish(now, attempt, entries.to_vec(), end.clone(), &limits)
        });
        let state = fenced(done.map(|head| head.state));
        self.committed.wake |= matches!(state, Ok(State::Queued | State::Retrying));
        state
    }

    /// The unfinished task that has the same unique key as `task`, if another one has.
    fn key_holder(&self, task: TaskId) -> Option<TaskId> {
        let key = self.heads.get(&task)?.unique_key.as_ref()?;
        self.keys.get(key).copied().filter(|holder| *holder != task)
    }

    /// Lets `decide` change a task's head, and notes what came of it.
    fn change(
        &mut self,
        task: TaskId,
        decide: impl FnOnce(&mut Head) -> Result<Effects, Refusal>,
    ) -> Result<Head, Refusal> {
        let stored = self.heads.get(&task).ok_or(Refusal::NotFound(task))?;
        let mut head = stored.head.clone();
        let effects = decide(&mut head)?;
        self.keep(head.clone(), effects);
        Ok(head)
    }

    /// Takes `head` for what its task is now, and notes what is to be stored.
    pub(super) fn keep(&mut self, head: Head, effects: Effects) {
        let Some(stored) = self.heads.get_mut(&head.id) else {
            return;
        };
        let (id, before, after) = (head.id, stored.head.state, head.state);
        let is_reported = head.remote != stored.head.remote
            || (head.remote.is_some() && head.lease_expires_at != stored.head.lease_expires_at);
        stored.head = head;
        if before != after {
            let lane = (stored.queue.as_str(), stored.kind.as_str());
            self.counts.shift(lane, Some(before), Some(after));
        }
        if let Some(key) = &stored.unique_key {
            if !after.is_final() {
                self.keys.insert(key.clone(), id);
            } else if self.keys.get(key) == Some(&id) {
                self.keys.remove(key);
            }
        }
        let mut effects = effects;
        self.committed.events.append(&mut effects.events);
        self.pending.note(id, before != after, effects);
        if is_reported {
            self.pending.reported.insert(id);
        }
    }

    fn delete(&mut self, task: TaskId) -> Result<Option<u32>, Refusal> {
        let stored = self.heads.get(&task).ok_or(Refusal::NotFound(task))?;
        stored.head.delete()?;
        self.forget(task);
        Ok(None)
    }

    /// Forgets a finished task.
    pub(super) fn forget(&mut self, task: TaskId) {
        let Some(stored) = self.heads.remove(&task) else {
            return;
        };
        let lane = (stored.queue.as_str(), stored.kind.as_str());
        self.counts.shift(lane, Some(stored.head.state), None);
        self.pending.forget(task);
        self.committed.deleted.push(task);
    }

    /// Stores what is pending, so that a question to the database sees it; of tasks that are not
    /// stored at all yet only if `new_too`.
    pub(super) async fn flush(&mut self, new_too: bool) -> Result<(), Failed> {
        let (heads, events) = (&self.heads, &self.committed.events);
        self.pending
            .flush(self.connected, heads, events, new_too)
            .boxed()
            .await
    }
}

#[derive(Default)]
struct CountColumns {
    queues: Vec<String>,
    kinds: Vec<String>,
    states: Vec<i16>,
    by: Vec<i64>,
}
