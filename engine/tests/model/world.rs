//! The model: what a store must do, in the plainest words, all in memory.
//!
//! Written from the contract and not from the code: it shares no rule with `state` or
//! `decision`, only the types in which writes and answers are put.

use glassworks_engine::Limits;
use glassworks_engine::store::{Claim, End, NewRow, Refusal, Write};
use glassworks_protocol::{
    Event, EventBody, Failure, Progress, State, StateCounts, StateReason, TaskId, Timestamp,
};

/// What a lost attempt is told to have failed of.
pub(crate) const LOST: &str = "the node that ran this attempt stopped before it ended";

/// A task, as the model knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Card {
    pub(crate) new: NewRow,
    pub(crate) state: State,
    pub(crate) attempt: u32,
    /// Attempts that count against `max_attempts`.
    pub(crate) counted: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) run_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) lease_until: Timestamp,
    pub(crate) asked_to_stop: bool,
    pub(crate) node: Option<String>,
    pub(crate) progress: Option<Progress>,
    pub(crate) result: Option<String>,
    pub(crate) failures: Vec<Failure>,
    pub(crate) log: Vec<Event>,
    output_kept: usize,
    output_over: bool,
    log_over: bool,
}

/// What a store should answer to one write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// Each task's id, and whether it is new.
    Submitted(Result<Vec<(TaskId, bool)>, Refusal>),
    Claimed {
        /// Each with its attempt, and how many attempts count.
        tasks: Vec<(TaskId, u32, u32)>,
        next_due: Option<Timestamp>,
        more: bool,
    },
    Recorded(Result<(), Refusal>),
    Finished(Result<State, Refusal>),
    /// In the order of ids: each with its attempt, and whether it was asked to stop.
    Renewed(Vec<(TaskId, u32, bool)>),
    Rescued(u32),
    Changed(Result<Option<u32>, Refusal>),
    Pruned(u32),
}

/// Everything that a store should know.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    limits: Limits,
    /// In the order in which they were submitted.
    pub(crate) cards: Vec<Card>,
    /// What the writes since the last [`World::told`] did.
    events: Vec<Event>,
    deleted: Vec<TaskId>,
    wake: bool,
}

impl World {
    pub(crate) fn new(now: Timestamp, limits: Limits) -> Self {
        Self {
            now,
            limits,
            cards: Vec::new(),
            events: Vec::new(),
            deleted: Vec::new(),
            wake: false,
        }
    }

    /// The events and deletions since the last call, and whether a dispatcher must be woken.
    pub(crate) fn told(&mut self) -> (Vec<Event>, Vec<TaskId>, bool) {
        let wake = std::mem::take(&mut self.wake);
        (
            std::mem::take(&mut self.events),
            std::mem::take(&mut self.deleted),
            wake,
        )
    }

    pub(crate) fn counts(&self) -> StateCounts {
        let mut counts = StateCounts::default();
        for card in &self.cards {
            *counts.get_mut(card.state) += 1;
        }
        counts
    }

    pub(crate) fn unfinished(&self) -> usize {
        self.cards.iter().filter(|card| !card.is_over()).count()
    }

    pub(crate) fn apply(&mut self, write: &Write) -> Answer {
        match write {
            Write::Submit(rows) => Answer::Submitted(self.submit(rows)),
            Write::Claim(claim) => self.claim(claim),
            Write::Record {
                task,
                attempt,
                entries,
            } => Answer::Recorded(match self.running(*task, *attempt) {
                Some(place) => {
                    self.record(place, entries);
                    Ok(())
                }
                None => Err(Refusal::Fenced),
            }),
            Write::Finish {
                task,
                attempt,
                entries,
                end,
            } => Answer::Finished(match self.running(*task, *attempt) {
                Some(place) => {
                    self.record(place, entries);
                    Ok(self.finish(place, end))
                }
                None => Err(Refusal::Fenced),
            }),
            Write::Renew {
                node,
                lease_expires_at,
            } => self.renew(node, *lease_expires_at),
            Write::Rescue {
                expired_before,
                limit,
            } => self.rescue(*expired_before, *limit),
            Write::Cancel(task) => Answer::Changed(self.cancel(*task)),
            Write::Retry(task) => Answer::Changed(self.retry(*task)),
            Write::Delete(task) => Answer::Changed(self.delete(*task)),
            Write::Prune {
                completed_before,
                failed_before,
                limit,
            } => self.prune(*completed_before, *failed_before, *limit),
        }
    }

    fn submit(&mut self, rows: &[NewRow]) -> Result<Vec<(TaskId, bool)>, Refusal> {
        if self.unfinished() + rows.len() > usize::try_from(self.limits.backlog).unwrap() {
            return Err(Refusal::BacklogFull(self.limits.backlog));
        }
        let mut queues: Vec<&str> = self
            .cards
            .iter()
            .map(|card| card.new.queue.as_str())
            .chain(rows.iter().map(|row| row.queue.as_str()))
            .collect();
        queues.sort_unstable();
        queues.dedup();
        if queues.len() > self.limits.queues {
            return Err(Refusal::TooManyQueues(self.limits.queues));
        }
        let mut accepted = Vec::new();
        for row in rows {
            let holder = self.cards.iter().find(|card| {
                row.unique_key.is_some() && card.new.unique_key == row.unique_key && !card.is_over()
            });
            if let Some(holder) = holder {
                accepted.push((holder.new.id, false));
                continue;
            }
            accepted.push((row.id, true));
            let later = row.run_at.is_some_and(|at| at > self.now);
            self.cards.push(Card {
                new: row.clone(),
                state: if later {
                    State::Scheduled
                } else {
                    State::Queued
                },
                attempt: 0,
                counted: 0,
                created_at: self.now,
                run_at: row.run_at.unwrap_or(self.now),
                started_at: None,
                finished_at: None,
                lease_until: self.now,
                asked_to_stop: false,
                node: None,
                progress: None,
                result: None,
                failures: Vec::new(),
                log: Vec::new(),
                output_kept: 0,
                output_over: false,
                log_over: false,
            });
            self.wake = true;
            self.tell(self.cards.len() - 1, None, None);
        }
        Ok(accepted)
    }

    fn claim(&mut self, claim: &Claim) -> Answer {
        let waits = |card: &Card| matches!(card.state, State::Scheduled | State::Retrying);
        let now = self.now;
        for place in self.sorted(|card| (waits(card) && card.run_at <= now).then_some(card.run_at))
        {
            self.cards[place].state = State::Queued;
            self.tell(place, Some(StateReason::Due), None);
        }
        let queued = self.sorted(|card| {
            (card.state == State::Queued).then_some((card.new.priority, card.run_at))
        });
        let room = usize::try_from(claim.room).unwrap();
        let more = queued.len() > room;
        let mut tasks = Vec::new();
        for place in queued.into_iter().take(room) {
            let card = &mut self.cards[place];
            card.state = State::Running;
            card.attempt += 1;
            card.counted += 1;
            card.started_at = Some(now);
            card.lease_until = now.plus_millis(i64::try_from(claim.lease_ms).unwrap());
            card.node = Some(claim.node.clone());
            card.progress = None;
            tasks.push((card.new.id, card.attempt, card.counted));
            self.tell(place, None, None);
        }
        let due = self.cards.iter().filter(|card| waits(card));
        Answer::Claimed {
            tasks,
            next_due: due.map(|card| card.run_at).min(),
            more,
        }
    }

    fn record(&mut self, place: usize, entries: &[EventBody]) {
        let most = usize::try_from(self.limits.events).unwrap();
        let output_most = usize::try_from(self.limits.output_bytes).unwrap();
        for entry in entries {
            let card = &mut self.cards[place];
            if let EventBody::Progress { fraction, message } = entry {
                card.progress = Some(Progress {
                    fraction: *fraction,
                    message: message.clone(),
                });
            }
            if card.log_over {
                continue;
            }
            // The last place is for saying that it is the last.
            if card.log.len() >= most - 1 {
                card.log_over = true;
                self.push(place, over("events", self.limits.events));
                continue;
            }
            let EventBody::Output { text } = entry else {
                self.push(place, entry.clone());
                continue;
            };
            if card.output_over {
                continue;
            }
            let mut kept = String::new();
            for character in text.chars() {
                let bytes = card.output_kept + kept.len() + character.len_utf8();
                if bytes > output_most {
                    card.output_over = true;
                    break;
                }
                kept.push(character);
            }
            card.output_kept += kept.len();
            let cut = card.output_over;
            if !kept.is_empty() || !cut {
                self.push(place, EventBody::Output { text: kept });
            }
            if cut {
                self.push(place, over("output", self.limits.output_bytes));
            }
        }
    }

    fn finish(&mut self, place: usize, end: &End) -> State {
        let now = self.now;
        let card = &mut self.cards[place];
        let attempts_left = card.counted < card.new.max_attempts;
        let mut reason = None;
        let mut error = None;
        match end {
            End::Completed(result) => {
                card.state = State::Completed;
                card.result.clone_from(result);
            }
            End::Stopped => card.state = State::Cancelled,
            End::Released if card.asked_to_stop => card.state = State::Cancelled,
            End::Released => {
                card.state = State::Queued;
                card.counted -= 1;
                card.run_at = now;
                reason = Some(StateReason::Released);
            }
            End::Failed {
                message,
                ran_ms,
                retry_at,
            } => {
                card.failures.push(Failure {
                    message: message.clone(),
                    attempt: card.attempt,
                    at: now,
                    ran_ms: *ran_ms,
                });
                error = Some(message.clone());
                match retry_at {
                    Some(_) if attempts_left && card.asked_to_stop => {
                        card.state = State::Cancelled;
                    }
                    Some(at) if attempts_left => {
                        card.state = State::Retrying;
                        card.run_at = *at;
                    }
                    _ => card.state = State::Failed,
                }
            }
        }
        self.rest(place);
        self.tell(place, reason, error);
        self.cards[place].state
    }

    fn renew(&mut self, node: &str, until: Timestamp) -> Answer {
        let mut renewed = Vec::new();
        for card in &mut self.cards {
            if card.state == State::Running && card.node.as_deref() == Some(node) {
                card.lease_until = until;
                renewed.push((card.new.id, card.attempt, card.asked_to_stop));
            }
        }
        renewed.sort_unstable();
        Answer::Renewed(renewed)
    }

    fn rescue(&mut self, expired_before: Option<Timestamp>, limit: u32) -> Answer {
        let lost = self.sorted(|card| {
            let expired = expired_before.is_none_or(|moment| card.lease_until < moment);
            (card.state == State::Running && expired).then_some(card.lease_until)
        });
        let mut rescued = 0;
        for place in lost.into_iter().take(usize::try_from(limit).unwrap()) {
            let now = self.now;
            let card = &mut self.cards[place];
            card.state = if card.asked_to_stop {
                State::Cancelled
            } else if card.counted < card.new.max_attempts {
                card.run_at = now;
                State::Queued
            } else {
                State::Failed
            };
            let ran = now.millis_since(card.started_at.unwrap()).max(0);
            card.failures.push(Failure {
                message: LOST.to_owned(),
                attempt: card.attempt,
                at: now,
                ran_ms: u64::try_from(ran).unwrap(),
            });
            self.rest(place);
            let reason = Some(StateReason::LeaseExpired);
            self.tell(place, reason, Some(LOST.to_owned()));
            rescued += 1;
        }
        Answer::Rescued(rescued)
    }

    fn cancel(&mut self, task: TaskId) -> Result<Option<u32>, Refusal> {
        let place = self.find(task)?;
        let card = &mut self.cards[place];
        match card.state {
            State::Completed | State::Failed | State::Cancelled => Err(Refusal::State(card.state)),
            State::Running => {
                let attempt = card.attempt;
                if !card.asked_to_stop {
                    card.asked_to_stop = true;
                    self.tell(place, Some(StateReason::CancelRequested), None);
                }
                Ok(Some(attempt))
            }
            State::Scheduled | State::Queued | State::Retrying => {
                card.state = State::Cancelled;
                card.asked_to_stop = true;
                self.rest(place);
                self.tell(place, None, None);
                Ok(None)
            }
        }
    }

    fn retry(&mut self, task: TaskId) -> Result<Option<u32>, Refusal> {
        let place = self.find(task)?;
        let key = self.cards[place].new.unique_key.clone();
        let rival = self.cards.iter().find(|card| {
            key.is_some() && card.new.unique_key == key && card.new.id != task && !card.is_over()
        });
        if let Some(rival) = rival {
            return Err(Refusal::KeyTaken(rival.new.id));
        }
        let now = self.now;
        let card = &mut self.cards[place];
        match card.state {
            State::Queued | State::Running | State::Completed => Err(Refusal::State(card.state)),
            State::Scheduled | State::Retrying | State::Failed | State::Cancelled => {
                card.state = State::Queued;
                card.counted = 0;
                card.run_at = now;
                card.finished_at = None;
                card.asked_to_stop = false;
                self.wake = true;
                self.tell(place, Some(StateReason::RetryRequested), None);
                Ok(None)
            }
        }
    }

    fn delete(&mut self, task: TaskId) -> Result<Option<u32>, Refusal> {
        let place = self.find(task)?;
        if !self.cards[place].is_over() {
            return Err(Refusal::State(self.cards[place].state));
        }
        self.cards.remove(place);
        self.deleted.push(task);
        Ok(None)
    }

    fn prune(&mut self, completed: Timestamp, failed: Timestamp, limit: u32) -> Answer {
        let mut pruned = 0;
        for (state, before) in [
            (State::Completed, completed),
            (State::Cancelled, completed),
            (State::Failed, failed),
        ] {
            let old = self.sorted(|card| {
                let ended = card.finished_at.filter(|ended| *ended < before)?;
                (card.state == state).then_some(ended)
            });
            let ids: Vec<TaskId> = old.iter().map(|place| self.cards[*place].new.id).collect();
            for id in ids {
                if pruned < limit {
                    self.cards.retain(|card| card.new.id != id);
                    self.deleted.push(id);
                    pruned += 1;
                }
            }
        }
        Answer::Pruned(pruned)
    }

    fn find(&self, task: TaskId) -> Result<usize, Refusal> {
        let place = self.cards.iter().position(|card| card.new.id == task);
        place.ok_or(Refusal::NotFound(task))
    }

    fn running(&self, task: TaskId, attempt: u32) -> Option<usize> {
        self.cards.iter().position(|card| {
            card.new.id == task && card.state == State::Running && card.attempt == attempt
        })
    }

    /// The places of the cards that have a key, by it; those with the same key as submitted.
    fn sorted<K: Ord>(&self, key: impl Fn(&Card) -> Option<K>) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.cards.len())
            .filter(|place| key(&self.cards[*place]).is_some())
            .collect();
        places.sort_by_key(|place| key(&self.cards[*place]));
        places
    }

    /// Notes when a task ended, if it has; a task that waits again is one for the dispatcher.
    fn rest(&mut self, place: usize) {
        let card = &mut self.cards[place];
        if card.is_over() {
            card.finished_at = Some(self.now);
        } else {
            self.wake = true;
        }
    }

    /// Tells the log where the task stands.
    fn tell(&mut self, place: usize, reason: Option<StateReason>, error: Option<String>) {
        let card = &self.cards[place];
        let ahead = matches!(card.state, State::Scheduled | State::Retrying);
        let body = EventBody::State {
            state: card.state,
            reason,
            error,
            run_at: ahead.then_some(card.run_at),
        };
        self.push(place, body);
    }

    fn push(&mut self, place: usize, body: EventBody) {
        let card = &mut self.cards[place];
        let event = Event {
            task_id: card.new.id,
            seq: card.log.len() as u64 + 1,
            attempt: card.attempt,
            at: self.now,
            body,
        };
        card.log.push(event.clone());
        self.events.push(event);
    }
}

impl Card {
    fn is_over(&self) -> bool {
        matches!(
            self.state,
            State::Completed | State::Failed | State::Cancelled
        )
    }
}

fn over(what: &str, limit: u64) -> EventBody {
    EventBody::Truncated {
        what: what.to_owned(),
        limit,
    }
}
