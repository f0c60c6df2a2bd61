//! What each write does to a task, decided once for every store.
//!
//! Pure: a decision takes the task's head and a moment, changes the head, and says what else is
//! to be stored. It touches nothing else, so it can be tested without a store.

use glassworks_protocol::{
    Event, EventBody, Failure, Progress, State, StateReason, TaskId, Timestamp,
};

use super::log::Log;
use super::remote::Remote;
pub use super::write::Effects;
use super::write::{Due, End, NewRow, Refusal};
use crate::limits::Limits;
use crate::state::{Next, Transition, next};

/// Failures that are kept of a task beside its first.
pub(crate) const LATEST_FAILURES: u32 = 20;

/// What a store can keep of a wait: as far as moments go.
const LONGEST_WAIT_MS: u64 = i64::MAX as u64;

/// The part of a task that changes, as decisions need it.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The task.
    pub id: TaskId,
    /// Where it stands.
    pub state: State,
    /// The latest attempt; 0 before the first.
    pub attempt: u32,
    /// How many attempts may count.
    pub max_attempts: u32,
    /// Attempts up to now that do not count: a shutdown interrupted them, or somebody asked for
    /// a fresh start after them.
    pub forgiven: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it is or was due.
    pub run_at: Timestamp,
    /// How long it was to wait for `run_at` when that was decided, in milliseconds; `None` when
    /// somebody named the moment itself. A clock that was set back since must not make it longer.
    pub wait_ms: Option<u64>,
    /// When its latest attempt started.
    pub started_at: Option<Timestamp>,
    /// When it reached a final state.
    pub finished_at: Option<Timestamp>,
    /// The end of the running attempt's lease.
    pub lease_expires_at: Option<Timestamp>,
    /// Asked to stop.
    pub cancel_requested: bool,
    /// The `seq` of the latest event.
    pub last_seq: u64,
    /// What the running attempt's log has so far.
    pub log: Log,
    /// Its latest attempt, when a worker made that over HTTP.
    pub remote: Option<Box<Remote>>,
}

/// What is kept as the message of an attempt that its node did not end: the node, and how long it
/// had been silent, where that is known.
pub fn lost(node: Option<&str>, silent_ms: Option<u64>) -> String {
    let node = node.unwrap_or("that made this attempt");
    match silent_ms {
        Some(millis) => format!("the node {node} was silent for {} s", millis / 1_000),
        None => format!("the node {node} stopped before this attempt ended"),
    }
}

fn after(now: Timestamp, millis: u64) -> Timestamp {
    now.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

impl Head {
    /// The head of a task that was just accepted, and its first event.
    pub fn accept(new: &NewRow, now: Timestamp) -> (Self, Effects) {
        let (run_at, wait_ms) = match new.due {
            Due::AtOnce => (now, None),
            // Whoever asks for a moment that has passed is not before those who came earlier.
            Due::At(moment) => (moment.max(now), None),
            Due::After(millis) => (after(now, millis), Some(millis.min(LONGEST_WAIT_MS))),
        };
        let mut head = Self {
            id: new.id,
            state: if run_at > now {
                State::Scheduled
            } else {
                State::Queued
            },
            attempt: 0,
            max_attempts: new.max_attempts,
            forgiven: 0,
            created_at: now,
            run_at,
            wait_ms,
            started_at: None,
            finished_at: None,
            lease_expires_at: None,
            cancel_requested: false,
            last_seq: 0,
            log: Log::default(),
            remote: None,
        };
        let mut effects = Effects::default();
        head.tell(&mut effects, now, None, None);
        (head, effects)
    }

    /// Attempts so far that count.
    pub fn counted_attempts(&self) -> u32 {
        self.attempt.saturating_sub(self.forgiven)
    }

    /// Its moment has come.
    pub fn due(&mut self, now: Timestamp) -> Result<Effects, Refusal> {
        self.move_by(Transition::Due)?;
        let mut effects = Effects::default();
        self.tell(&mut effects, now, Some(StateReason::Due), None);
        Ok(effects)
    }

    /// A node starts an attempt.
    pub fn claim(&mut self, now: Timestamp, lease_ms: u64) -> Result<Effects, Refusal> {
        self.move_by(Transition::Claim)?;
        self.attempt += 1;
        self.started_at = Some(now);
        self.lease_expires_at = Some(after(now, lease_ms));
        self.remote = None;
        let mut effects = Effects::default();
        self.tell(&mut effects, now, None, None);
        Ok(effects)
    }

    /// A running attempt records `entries`.
    pub fn record(
        &mut self,
        now: Timestamp,
        attempt: u32,
        entries: Vec<EventBody>,
        limits: &Limits,
    ) -> Result<Effects, Refusal> {
        self.fence(attempt)?;
        let mut effects = Effects::default();
        for entry in entries {
            self.keep(&mut effects, now, entry, limits);
        }
        Ok(effects)
    }

    /// A running attempt ends, having recorded `entries` last.
    pub fn finish(
        &mut self,
        now: Timestamp,
        attempt: u32,
        entries: Vec<EventBody>,
        end: End,
        limits: &Limits,
    ) -> Result<Effects, Refusal> {
        let mut effects = self.record(now, attempt, entries, limits)?;
        let failure = |message, ran_ms| Failure {
            message,
            attempt,
            at: now,
            ran_ms,
        };
        match end {
            End::Completed(result) => {
                self.move_by(Transition::Complete)?;
                effects.result = result;
                self.tell(&mut effects, now, None, None);
            }
            End::Failed {
                message,
                ran_ms,
                retry_in_ms,
            } => {
                let wait = retry_in_ms.filter(|_| self.counted_attempts() < self.max_attempts);
                match wait {
                    // Whatever it failed of, nobody wants another attempt.
                    Some(_) if self.cancel_requested => self.move_by(Transition::Stop)?,
                    Some(millis) => {
                        self.move_by(Transition::Backoff)?;
                        self.run_at = after(now, millis);
                        self.wait_ms = Some(millis.min(LONGEST_WAIT_MS));
                    }
                    None => self.move_by(Transition::Fail)?,
                }
                self.tell(&mut effects, now, None, Some(message.clone()));
                effects.failure = Some(failure(message, ran_ms));
            }
            End::Stopped => {
                self.move_by(Transition::Stop)?;
                self.tell(&mut effects, now, None, None);
            }
            End::Postponed {
                message,
                ran_ms,
                wait_ms,
            } => {
                if self.cancel_requested {
                    self.move_by(Transition::Stop)?;
                } else {
                    self.move_by(Transition::Backoff)?;
                    self.forgiven += 1;
                    self.run_at = after(now, wait_ms);
                    self.wait_ms = Some(wait_ms.min(LONGEST_WAIT_MS));
                }
                self.tell(&mut effects, now, None, Some(message.clone()));
                effects.failure = Some(failure(message, ran_ms));
            }
            End::Released => self.release(&mut effects, now)?,
        }
        self.rest(now);
        Ok(effects)
    }

    /// A running attempt is still being made: its lease is extended.
    pub fn renew(&mut self, now: Timestamp, attempt: u32, lease_ms: u64) -> Result<(), Refusal> {
        self.fence(attempt)?;
        self.lease_expires_at = Some(after(now, lease_ms));
        Ok(())
    }

    /// How long nothing was heard of its running attempt, when each lease lasts `lease_ms`.
    pub fn silent_ms(&self, now: Timestamp, lease_ms: u64) -> Option<u64> {
        let ended = now.millis_since(self.lease_expires_at?);
        u64::try_from(ended).ok()?.checked_add(lease_ms)
    }

    /// Its moment lies further ahead than it was to wait, because a clock has been set: it waits as
    /// long as it was to, from now.
    pub fn resettle(&mut self, now: Timestamp) -> Effects {
        let mut effects = Effects::default();
        if let Some(latest) = self.wait_ms.map(|millis| after(now, millis))
            && self.run_at > latest
        {
            self.run_at = latest;
            self.tell(&mut effects, now, Some(StateReason::ClockSet), None);
        }
        effects
    }

    /// Its lease expired: another attempt follows, or none remains.
    pub fn rescue(&mut self, now: Timestamp, message: &str) -> Result<Effects, Refusal> {
        if self.state != State::Running {
            return Err(Refusal::State(self.state));
        }
        let mut effects = Effects::default();
        let transition = if self.cancel_requested {
            Transition::Stop
        } else if self.counted_attempts() < self.max_attempts {
            Transition::Requeue
        } else {
            Transition::Fail
        };
        self.move_by(transition)?;
        if self.state == State::Queued {
            self.run_at = now;
        }
        let reason = Some(StateReason::LeaseExpired);
        self.tell(&mut effects, now, reason, Some(message.to_owned()));
        effects.failure = Some(Failure {
            message: message.to_owned(),
            attempt: self.attempt,
            at: now,
            ran_ms: self
                .started_at
                .and_then(|started| u64::try_from(now.millis_since(started)).ok())
                .unwrap_or(0),
        });
        self.rest(now);
        Ok(effects)
    }

    /// Somebody asks for it not to be done. Asking a running task again changes nothing.
    pub fn cancel(&mut self, now: Timestamp) -> Result<Effects, Refusal> {
        self.move_by(Transition::Cancel)?;
        let mut effects = Effects::default();
        if self.state == State::Running {
            if !self.cancel_requested {
                self.cancel_requested = true;
                self.hurry_remote(now);
                self.tell(&mut effects, now, Some(StateReason::CancelRequested), None);
            }
        } else {
            self.cancel_requested = true;
            self.tell(&mut effects, now, None, None);
            self.rest(now);
        }
        Ok(effects)
    }

    /// Somebody asks for it to be done now: every attempt up to here is forgiven.
    pub fn retry(&mut self, now: Timestamp) -> Result<Effects, Refusal> {
        self.move_by(Transition::Retry)?;
        self.forgiven = self.attempt;
        self.run_at = now;
        self.finished_at = None;
        self.cancel_requested = false;
        let mut effects = Effects::default();
        self.tell(&mut effects, now, Some(StateReason::RetryRequested), None);
        Ok(effects)
    }

    /// Somebody asks for it to be forgotten.
    pub fn delete(&self) -> Result<(), Refusal> {
        match next(self.state, Transition::Delete) {
            Some(Next::Gone) => Ok(()),
            _ => Err(Refusal::State(self.state)),
        }
    }

    /// Back to the queue without a verdict, or stopped where that was asked for.
    fn release(&mut self, effects: &mut Effects, now: Timestamp) -> Result<(), Refusal> {
        if self.cancel_requested {
            self.move_by(Transition::Stop)?;
            self.tell(effects, now, None, None);
        } else {
            self.move_by(Transition::Requeue)?;
            self.forgiven += 1;
            self.run_at = now;
            self.tell(effects, now, Some(StateReason::Released), None);
        }
        Ok(())
    }

    /// Puts away what belongs to a running attempt only, and notes when a task ended.
    fn rest(&mut self, now: Timestamp) {
        self.lease_expires_at = None;
        self.log = Log::default();
        self.remote = None;
        if self.state.is_final() {
            self.finished_at = Some(now);
        }
    }

    fn fence(&self, attempt: u32) -> Result<(), Refusal> {
        if self.state == State::Running && self.attempt == attempt {
            Ok(())
        } else {
            Err(Refusal::Fenced)
        }
    }

    fn move_by(&mut self, transition: Transition) -> Result<(), Refusal> {
        match next(self.state, transition) {
            Some(Next::To(state)) => {
                self.state = state;
                Ok(())
            }
            _ => Err(Refusal::State(self.state)),
        }
    }

    /// Tells the log where the task stands now. Never truncated: the log is the truth.
    fn tell(
        &mut self,
        effects: &mut Effects,
        now: Timestamp,
        reason: Option<StateReason>,
        error: Option<String>,
    ) {
        let ahead = matches!(self.state, State::Scheduled | State::Retrying);
        let body = EventBody::State {
            state: self.state,
            reason,
            error,
            run_at: ahead.then_some(self.run_at),
        };
        self.push(effects, now, body);
    }

    /// Adds an entry of a run to the log, and says what goes for it.
    fn keep(&mut self, effects: &mut Effects, now: Timestamp, entry: EventBody, limits: &Limits) {
        // Progress is kept on the task itself even when its log takes no more.
        if let EventBody::Progress { fraction, message } = &entry {
            effects.progress = Some(Progress {
                fraction: *fraction,
                message: message.clone(),
            });
        }
        let divided = self.log.divide(entry, limits);
        if let Some(entry) = divided.beginning {
            self.log.begin(&entry);
            self.push(effects, now, entry);
        }
        if divided.lost_bytes > 0 {
            let deletion = self.log.lose(divided.lost_bytes, self.last_seq + 1, limits);
            self.push(effects, now, deletion.mark.clone());
            effects.deletion = Some(deletion);
        }
        for entry in divided.ring {
            let deletion = self.log.append(&entry, self.last_seq + 1, limits);
            self.push(effects, now, entry);
            // A later one of the same write goes further, from the same beginning.
            effects.deletion = deletion.or(effects.deletion.take());
        }
    }

    fn push(&mut self, effects: &mut Effects, now: Timestamp, body: EventBody) {
        self.last_seq += 1;
        effects.events.push(Event {
            task_id: self.id,
            seq: self.last_seq,
            attempt: self.attempt,
            at: now,
            body,
        });
    }
}
