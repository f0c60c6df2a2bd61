//! Applying writes inside the writing connection's transaction.

use std::collections::HashMap;

use glassworks_protocol::{Event, EventBody, State, TaskId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::counts;
use super::fresh::{Fresh, Unstored};
use super::queues::Queues;
use super::rows::{self, Stored, StoredHead, code, json};
use super::sql;
use super::statements::Statements;
use crate::limits::Limits;
use crate::store::access::Caused;
use crate::store::audit;
use crate::store::counts::Counts;
use crate::store::decision::{Effects, Head, LATEST_FAILURES};
use crate::store::write::{Accepted, Committed, End, NewRow, Outcome, Refusal, Write, fenced};

/// The writing connection with its prepared statements, and what it knows by heart.
pub(super) struct Ledger<'c> {
    connection: &'c Connection,
    /// Whether a commit waits for the disk, as the connection is set.
    waits_for_disk: bool,
    pub(super) limits: Limits,
    pub(super) statements: Statements<'c>,
    pub(super) counts: Counts,
    pub(super) queues: Queues,
    /// Whether a commit failed, so that `counts` and `queues` may hold what was never stored.
    stale: bool,
    /// Heads of the tasks that are running: there is one process, so what it wrote last is what
    /// stands, and a finish need not read first.
    pub(super) running: HashMap<TaskId, StoredHead>,
    /// What this transaction has accepted and not yet stored.
    pub(super) fresh: Fresh,
}

impl<'c> Ledger<'c> {
    pub(super) fn new(connection: &'c Connection, limits: Limits) -> rusqlite::Result<Self> {
        let mut ledger = Self {
            connection,
            waits_for_disk: false,
            limits,
            statements: Statements::prepare(connection)?,
            counts: Counts::default(),
            queues: Queues::default(),
            stale: true,
            running: HashMap::new(),
            fresh: Fresh::default(),
        };
        // Until the first batch says otherwise.
        ledger.wait_for_disk(true)?;
        ledger.refresh()?;
        Ok(ledger)
    }

    /// Commits `batch` as one transaction. After an error nothing of it is stored.
    ///
    /// While the disk `is_full`, writes that wait for room are not taken.
    pub(super) fn commit(
        &mut self,
        batch: Vec<Write>,
        is_full: bool,
        now: Timestamp,
    ) -> rusqlite::Result<Committed> {
        self.refresh()?;
        self.wait_for_disk(batch.iter().any(Write::must_be_durable))?;
        self.statements.begin.execute([])?;
        let applied = self.apply_all(batch, is_full, now).and_then(|committed| {
            counts::save(&mut self.counts, &mut self.statements)?;
            self.statements.commit.execute([])?;
            Ok(committed)
        });
        if applied.is_err() {
            self.abandon();
        }
        applied
    }

    /// Undoes a commit that did not come to its end.
    pub(super) fn abandon(&mut self) {
        // What is known by heart may be wrong now.
        self.running.clear();
        self.fresh.clear();
        self.stale = true;
        // Fails when SQLite rolled back by itself, which comes to the same.
        let _ = self.statements.rollback.execute([]);
    }

    /// Sets whether a commit waits for the disk.
    fn wait_for_disk(&mut self, wait: bool) -> rusqlite::Result<()> {
        if self.waits_for_disk != wait {
            // Never as a prepared statement: SQLite carries out this pragma while it compiles
            // it, so running it again would not.
            self.connection.execute_batch(if wait {
                sql::SYNC_FULL
            } else {
                sql::SYNC_NORMAL
            })?;
            self.waits_for_disk = wait;
        }
        Ok(())
    }

    /// Reads again what it knows by heart after a failure: not at once, since the same fault may
    /// still be there, but before anything depends on it.
    fn refresh(&mut self) -> rusqlite::Result<()> {
        if self.stale {
            counts::read(&mut self.counts, &mut self.statements)?;
            self.queues.read(&mut self.statements)?;
            self.stale = false;
        }
        Ok(())
    }

    fn apply_all(
        &mut self,
        batch: Vec<Write>,
        is_full: bool,
        now: Timestamp,
    ) -> rusqlite::Result<Committed> {
        let mut committed = Committed {
            outcomes: Vec::with_capacity(batch.len()),
            ..Committed::default()
        };
        for write in batch {
            if is_full && write.waits_for_room() {
                committed.outcomes.push(Outcome::NoRoom);
                continue;
            }
            if !self.leaves_fresh_alone(&write) {
                self.store_fresh(&committed)?;
            }
            let outcome = self.apply(write, now, &mut committed)?;
            committed.outcomes.push(outcome);
        }
        self.store_fresh(&committed)?;
        committed.moves = self.counts.take_moves();
        Ok(committed)
    }

    fn apply(
        &mut self,
        write: Write,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<Outcome> {
        Ok(match write {
            Write::Probe => {
                self.statements.probe.execute([])?;
                Outcome::Probed
            }
            Write::Submit(rows) => Outcome::Submitted(self.submit(rows, now, committed)?),
            Write::SubmitOnce { rows, request } => {
                Outcome::Submitted(self.submit_once(rows, &request, now, committed)?)
            }
            Write::Claim(claim) => self.claim(&claim, now, committed)?,
            Write::Record {
                task,
                attempt,
                entries,
            } => {
                let limits = self.limits;
                let done = self.change(task, committed, |head| {
                    head.record(now, attempt, entries, &limits)
                })?;
                Outcome::Recorded(fenced(done.map(|_| ())))
            }
            Write::Finish {
                task,
                attempt,
                entries,
                end,
            } => Outcome::Finished(self.finish(task, attempt, entries, end, now, committed)?),
            Write::Report { reports, lease_ms } => {
                Outcome::Reported(self.report(reports, lease_ms, now, committed)?)
            }
            Write::Offer(offers) => Outcome::Offered(self.offer(&offers, now)?),
            Write::Renew { attempts, lease_ms } => {
                Outcome::Renewed(self.renew(&attempts, lease_ms, now)?)
            }
            Write::Rescue { lost, limit } => {
                Outcome::Rescued(self.rescue(&lost, limit, now, committed)?)
            }
            Write::Cancel(task) => {
                let done = self.change(task, committed, |head| head.cancel(now))?;
                Outcome::Changed(
                    done.map(|head| (head.state == State::Running).then_some(head.attempt)),
                )
            }
            Write::Retry(task) => {
                if let Some(holder) = self.key_holder(task)? {
                    return Ok(Outcome::Changed(Err(Refusal::KeyTaken(holder))));
                }
                let done = self.change(task, committed, |head| head.retry(now))?;
                committed.wake |= done.is_ok();
                Outcome::Changed(done.map(|_| None))
            }
            Write::Delete(task) => Outcome::Changed(self.delete(task, committed)?),
            Write::SaveQueue { name, settings } => {
                self.queues
                    .save(&name, settings, now, &mut self.statements)?;
                committed.wake = true;
                Outcome::QueueSaved
            }
            Write::SaveSchedule(schedule) => {
                self.save_schedule(&schedule)?;
                Outcome::ScheduleSaved
            }
            Write::DeleteSchedule(id) => Outcome::ScheduleDeleted(self.delete_schedule(id)?),
            Write::Reschedule { schedule, from, to } => {
                Outcome::Rescheduled(self.reschedule(schedule, from, to)?)
            }
            Write::Fire(firing) => Outcome::Fired(self.fire(*firing, now, committed)?),
            Write::Prune {
                completed_ms,
                failed_ms,
                limit,
            } => Outcome::Pruned(self.prune_finished(
                before(now, completed_ms),
                before(now, failed_ms),
                limit,
                committed,
            )?),
            Write::PruneRequests { accepted_ms, limit } => {
                Outcome::Pruned(self.prune_requests(before(now, accepted_ms), limit)?)
            }
            Write::By(caused) => self.apply_by(*caused, now, committed)?,
            Write::SaveKey(key) => Outcome::KeySaved(self.save_key(&key, now)?),
            Write::RevokeKey(id) => Outcome::KeyRevoked(self.revoke_key(id)?),
            Write::SaveSession(session) => {
                self.save_session(&session, now)?;
                Outcome::SessionSaved
            }
            Write::EndSession(id) => Outcome::SessionEnded(self.end_session(id)?),
            Write::SaveUse(used) => {
                self.save_use(&used)?;
                Outcome::UseSaved
            }
            Write::PruneSessions { idle_ms, limit } => {
                Outcome::Pruned(self.prune_sessions(before(now, idle_ms), now, limit)?)
            }
            Write::PruneAudit { older_ms, limit } => {
                Outcome::Pruned(self.prune_audit(before(now, older_ms), limit)?)
            }
        })
    }

    /// Applies what somebody has caused, and tells the audit log of it.
    fn apply_by(
        &mut self,
        caused: Caused,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<Outcome> {
        let Caused { actor, write } = caused;
        let subject = audit::subject(&write);
        let first = committed.events.len();
        let outcome = self.apply(write, now, committed)?;
        let events = &committed.events[first..];
        if let Some(entry) = audit::entry(subject, &outcome, events) {
            self.insert_audit(&actor, &entry, now)?;
        }
        Ok(outcome)
    }

    /// Whether a write can be applied while accepted tasks are not stored yet: what it is about is
    /// stored, or it looks at both.
    fn leaves_fresh_alone(&self, write: &Write) -> bool {
        match write {
            Write::Probe
            | Write::Submit(_)
            | Write::SubmitOnce { .. }
            | Write::Claim(_)
            | Write::Offer(_)
            // None of these is about tasks.
            | Write::SaveKey(_)
            | Write::RevokeKey(_)
            | Write::SaveSession(_)
            | Write::EndSession(_)
            | Write::SaveUse(_)
            | Write::PruneSessions { .. }
            | Write::PruneAudit { .. } => true,
            Write::Record { task, .. } | Write::Finish { task, .. } => {
                self.running.contains_key(task)
            }
            Write::Report { .. }
            | Write::Renew { .. }
            | Write::Rescue { .. }
            | Write::Cancel(_)
            | Write::Retry(_)
            | Write::Delete(_)
            | Write::SaveQueue { .. }
            | Write::SaveSchedule(_)
            | Write::DeleteSchedule(_)
            | Write::Reschedule { .. }
            | Write::Fire(_)
            | Write::Prune { .. }
            | Write::PruneRequests { .. } => false,
            Write::By(caused) => self.leaves_fresh_alone(&caused.write),
        }
    }

    pub(super) fn submit(
        &mut self,
        rows: Vec<NewRow>,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<Result<Vec<Accepted>, Refusal>> {
        let mut found = Vec::with_capacity(rows.len());
        for new in &rows {
            found.push(self.unfinished_with(new.unique_key.as_deref(), committed)?);
        }
        let new = rows.iter().zip(&found).filter(|(_, found)| found.is_none());
        let new = new.map(|(row, _)| (row.queue.as_str(), row.unique_key.as_deref()));
        if let Err(refusal) = self.counts.have_room_for(new, &self.limits) {
            return Ok(Err(refusal));
        }
        let mut accepted = Vec::with_capacity(rows.len());
        for new in rows {
            // Again: two of them may have the same key.
            let existing = self.unfinished_with(new.unique_key.as_deref(), committed)?;
            if let Some(id) = existing {
                accepted.push(Accepted::Existing(id));
                continue;
            }
            let (head, effects) = Head::accept(&new, now);
            self.counts
                .shift((&new.queue, &new.kind), None, Some(head.state));
            committed.wake = true;
            accepted.push(Accepted::New(head.clone()));
            let waits = head.state != State::Queued;
            self.fresh.add(new, head, effects.events, committed);
            if waits {
                // A claim asks the store when the next one is due.
                self.store_fresh(committed)?;
            }
        }
        Ok(Ok(accepted))
    }

    /// The unfinished task that has `key`.
    pub(super) fn unfinished_with(
        &mut self,
        key: Option<&str>,
        committed: &Committed,
    ) -> rusqlite::Result<Option<TaskId>> {
        let Some(key) = key else { return Ok(None) };
        self.store_fresh(committed)?;
        self.statements
            .unfinished_by_key
            .query_row([key], |row| row.get(0).map(|Stored(id)| id))
            .optional()
    }

    pub(super) fn insert(&mut self, task: &Unstored) -> rusqlite::Result<i64> {
        let (new, head) = (&task.new, &task.head);
        let row = self.statements.insert_task.insert(params![
            Stored(new.id),
            new.kind,
            new.queue,
            code(head.state),
            new.priority,
            head.attempt,
            new.max_attempts,
            new.timeout_ms,
            head.run_at.as_millis(),
            head.created_at.as_millis(),
            head.started_at.map(Timestamp::as_millis),
            head.lease_expires_at.map(Timestamp::as_millis),
            head.last_seq,
            task.node,
            new.unique_key,
            new.schedule_id.as_ref().map(Uuid::as_bytes),
            head.wait_ms,
        ])?;
        let tags = (!new.tags.is_empty())
            .then(|| json(&new.tags))
            .transpose()?;
        let retry = new.retry.as_ref().map(json).transpose()?;
        self.statements.insert_body.execute(params![
            row,
            new.payload,
            tags,
            retry,
            new.traceparent,
            new.submitted_by
        ])?;
        Ok(row)
    }

    fn finish(
        &mut self,
        task: TaskId,
        attempt: u32,
        entries: Vec<EventBody>,
        end: End,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<Result<State, Refusal>> {
        let limits = self.limits;
        let done = self.change(task, committed, |head| {
            head.finish(now, attempt, entries, end, &limits)
        })?;
        let state = fenced(done.map(|head| head.state));
        committed.wake |= matches!(state, Ok(State::Queued | State::Retrying));
        Ok(state)
    }

    /// The unfinished task that has the same unique key as `task`, if another one has.
    fn key_holder(&mut self, task: TaskId) -> rusqlite::Result<Option<TaskId>> {
        self.statements
            .key_holder
            .query_row([Stored(task)], |row| row.get(0).map(|Stored(id)| id))
            .optional()
    }

    /// Loads a task's head, lets `decide` change it, and saves what came of it.
    fn change(
        &mut self,
        task: TaskId,
        committed: &mut Committed,
        decide: impl FnOnce(&mut Head) -> Result<Effects, Refusal>,
    ) -> rusqlite::Result<Result<Head, Refusal>> {
        let Some(mut stored) = self.load(task)? else {
            return Ok(Err(Refusal::NotFound(task)));
        };
        let before = stored.head.clone();
        let effects = match decide(&mut stored.head) {
            Ok(effects) => effects,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let head = stored.head.clone();
        if head.state == before.state && head.cancel_requested == before.cancel_requested {
            self.statements.save_log.execute(params![
                stored.row,
                head.last_seq,
                rows::log(&head.log)?,
            ])?;
            self.keep(stored.row, effects, committed)?;
        } else {
            self.counts
                .shift(stored.lane(), Some(before.state), Some(head.state));
            self.save(&stored, effects, committed)?;
            if head.remote.is_some() || before.remote.is_some() {
                self.save_remote(&stored)?;
            }
        }
        if head.state == State::Running {
            self.running.insert(task, stored);
        } else {
            self.running.remove(&task);
        }
        Ok(Ok(head))
    }

    pub(super) fn load(&mut self, task: TaskId) -> rusqlite::Result<Option<StoredHead>> {
        if let Some(stored) = self.running.get(&task) {
            return Ok(Some(stored.clone()));
        }
        let found = self
            .statements
            .head_by_id
            .query_row([Stored(task)], rows::head)
            .optional()?;
        let Some(mut stored) = found else {
            return Ok(None);
        };
        stored.head.remote = self.remote(stored.row)?;
        Ok(Some(stored))
    }

    /// Saves a head after a transition other than a claim, with what the decision left.
    pub(super) fn save(
        &mut self,
        stored: &StoredHead,
        effects: Effects,
        committed: &mut Committed,
    ) -> rusqlite::Result<()> {
        let head = &stored.head;
        self.statements.save_head.execute(params![
            stored.row,
            code(head.state),
            head.forgiven,
            head.run_at.as_millis(),
            head.finished_at.map(Timestamp::as_millis),
            head.lease_expires_at.map(Timestamp::as_millis),
            head.cancel_requested,
            head.last_seq,
            rows::log(&head.log)?,
            head.wait_ms,
            effects.failure.is_some(),
        ])?;
        self.keep(stored.row, effects, committed)
    }

    /// Stores what a decision left beside the head.
    pub(super) fn keep(
        &mut self,
        row: i64,
        effects: Effects,
        committed: &mut Committed,
    ) -> rusqlite::Result<()> {
        for event in &effects.events {
            self.insert_event(row, event)?;
        }
        if let Some(gone) = &effects.deletion {
            self.statements
                .delete_entries
                .execute(params![row, gone.first_seq, gone.mark_seq])?;
            self.statements
                .mark_gap
                .execute(params![row, gone.mark_seq, json(&gone.mark)?])?;
        }
        if let Some(failure) = &effects.failure {
            self.statements.insert_failure.execute(params![
                row,
                failure.attempt,
                failure.at.as_millis(),
                failure.ran_ms,
                failure.message,
            ])?;
            if failure.attempt > LATEST_FAILURES {
                self.statements
                    .thin_failures
                    .execute(params![row, LATEST_FAILURES])?;
            }
        }
        if let Some(result) = &effects.result {
            self.statements.save_result.execute(params![row, result])?;
        }
        if let Some(progress) = &effects.progress {
            self.statements.save_progress.execute(params![
                row,
                progress.fraction,
                progress.message
            ])?;
        }
        committed.events.extend(effects.events);
        Ok(())
    }

    pub(super) fn insert_event(&mut self, row: i64, event: &Event) -> rusqlite::Result<()> {
        self.statements.insert_event.execute(params![
            row,
            event.seq,
            event.attempt,
            event.at.as_millis(),
            json(&event.body)?,
        ])?;
        Ok(())
    }
}

fn before(now: Timestamp, age_ms: u64) -> Timestamp {
    now.plus_millis(-i64::try_from(age_ms).unwrap_or(i64::MAX))
}
