//! The model: what a store must do, in the plainest words, all in memory.
//!
//! Written from the contract and not from the code: it shares no rule with `state` or
//! `decision`, only the types in which writes and answers are put.

use std::collections::{BTreeMap, BTreeSet};

use glassworks_engine::Limits;
use glassworks_engine::store::{Claim, Due, End, Firing, Lost, NewRow, Refusal, RequestKey, Write};
use glassworks_protocol::{
    Event, EventBody, Failure, Progress, Queue, QueueSettings, RateLimit, Schedule, State,
    StateCounts, StateReason, TaskId, Timestamp,
};

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
    /// How long it was to wait, where that was said in milliseconds.
    pub(crate) wait: Option<i64>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) lease_until: Timestamp,
    pub(crate) asked_to_stop: bool,
    pub(crate) node: Option<String>,
    pub(crate) progress: Option<Progress>,
    pub(crate) result: Option<String>,
    pub(crate) failures: Vec<Failure>,
    pub(crate) log: Vec<Event>,
    pub(crate) last_seq: u64,
    kept: Kept,
}

/// How the log of a running attempt is kept.
#[derive(Clone, Debug, Default, PartialEq)]
struct Kept {
    /// How much stays from its beginning.
    first_events: u64,
    first_bytes: usize,
    /// What stays only while it is among the latest.
    tail: Vec<Late>,
    gap: Option<Gap>,
}

/// An entry that may have to go, with others of its lot.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Late {
    seq: u64,
    bytes: u64,
    lot: u64,
}

/// What is missing of an attempt's log, and where that is said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Gap {
    from: u64,
    at: u64,
    events: u64,
    bytes: u64,
}

/// What a store should answer to one write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// Each task's id, and where it comes from.
    Submitted(Result<Vec<(TaskId, Origin)>, Refusal>),
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
    QueueSaved,
    ScheduleSaved,
    ScheduleDeleted(bool),
    Rescheduled(bool),
    Fired(Result<bool, Refusal>),
    Pruned(u32),
    Probed,
}

/// Where an accepted task comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Origin {
    Here,
    UniqueKey,
    EarlierRequest,
}

/// A request that may be sent again.
#[derive(Clone, Debug)]
struct Known {
    request: RequestKey,
    accepted_at: Timestamp,
    tasks: Vec<TaskId>,
}

/// How a queue may be used, and how far ahead of its rate it is.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    settings: QueueSettings,
    /// Each start costs some waiting, which time pays off: it is all paid at this moment, in
    /// microseconds since the Unix epoch. A start needs room for its cost under what the rate
    /// lets a queue owe at a time.
    paid_at: i64,
}

/// Everything that a store should know.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    limits: Limits,
    /// Whether several nodes share it, so that a node's limit is of what it runs itself.
    is_shared: bool,
    /// In the order in which they were submitted.
    pub(crate) cards: Vec<Card>,
    /// The queues that were set.
    lanes: BTreeMap<String, Lane>,
    pub(crate) schedules: Vec<Schedule>,
    requests: Vec<Known>,
    /// What the writes since the last [`World::told`] did.
    events: Vec<Event>,
    deleted: Vec<TaskId>,
    wake: bool,
}

impl World {
    pub(crate) fn new(now: Timestamp, limits: Limits, is_shared: bool) -> Self {
        Self {
            now,
            limits,
            is_shared,
            cards: Vec::new(),
            lanes: BTreeMap::new(),
            schedules: Vec::new(),
            requests: Vec::new(),
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
        count(self.cards.iter())
    }

    /// Every queue that has tasks or was set.
    pub(crate) fn queues(&self) -> Vec<Queue> {
        let mut names: Vec<&str> = self.cards.iter().map(Card::queue).collect();
        names.extend(self.lanes.keys().map(String::as_str));
        names.sort_unstable();
        names.dedup();
        let queue = |name: &str| Queue {
            name: name.to_owned(),
            settings: self.lane(name).settings,
            tasks: count(self.cards.iter().filter(|card| card.queue() == name)),
        };
        names.into_iter().map(queue).collect()
    }

    pub(crate) fn unfinished(&self) -> usize {
        self.cards.iter().filter(|card| !card.is_over()).count()
    }

    pub(crate) fn apply(&mut self, write: &Write) -> Answer {
        match write {
            Write::Probe => Answer::Probed,
            Write::By(caused) => self.apply(&caused.write),
            Write::SaveKey(_)
            | Write::RevokeKey(_)
            | Write::SaveSession(_)
            | Write::EndSession(_)
            | Write::SaveUse(_)
            | Write::PruneSessions { .. }
            | Write::PruneAudit { .. } => unreachable!("the model has no keys"),
            Write::Submit(rows) => Answer::Submitted(self.submit(rows)),
            Write::SubmitOnce { rows, request } => {
                Answer::Submitted(self.submit_once(rows, request))
            }
            Write::PruneRequests { accepted_ms, limit } => {
                self.prune_requests(self.ago(*accepted_ms), *limit)
            }
            Write::Claim(claim) => self.claim(claim),
            Write::Report { .. } | Write::Offer(_) => panic!("no worker is part of the model"),
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
            Write::Renew { attempts, lease_ms } => self.renew(attempts, *lease_ms),
            Write::Rescue { lost, limit } => self.rescue(lost, *limit),
            Write::Cancel(task) => Answer::Changed(self.cancel(*task)),
            Write::Retry(task) => Answer::Changed(self.retry(*task)),
            Write::Delete(task) => Answer::Changed(self.delete(*task)),
            Write::SaveQueue { name, settings } => {
                let mut lane = self.lane(name);
                lane.settings = *settings;
                self.lanes.insert(name.clone(), lane);
                self.settle(name);
                self.wake = true;
                Answer::QueueSaved
            }
            Write::SaveSchedule(schedule) => {
                self.schedules.retain(|known| known.id != schedule.id);
                self.schedules.push(Schedule::clone(schedule));
                self.schedules
                    .sort_by_key(|schedule| (schedule.created_at, schedule.id));
                Answer::ScheduleSaved
            }
            Write::DeleteSchedule(id) => {
                let before = self.schedules.len();
                self.schedules.retain(|known| known.id != *id);
                Answer::ScheduleDeleted(self.schedules.len() < before)
            }
            Write::Reschedule { schedule, from, to } => {
                let waits = |known: &&mut Schedule| {
                    known.id == *schedule && known.next_fire_at == Some(*from) && !known.paused
                };
                let found = self.schedules.iter_mut().find(waits);
                Answer::Rescheduled(found.is_some_and(|known| {
                    known.next_fire_at = Some(*to);
                    true
                }))
            }
            Write::Fire(firing) => Answer::Fired(self.fire(firing)),
            Write::Prune {
                completed_ms,
                failed_ms,
                limit,
            } => self.prune(self.ago(*completed_ms), self.ago(*failed_ms), *limit),
        }
    }

    fn submit_once(
        &mut self,
        rows: &[NewRow],
        request: &RequestKey,
    ) -> Result<Vec<(TaskId, Origin)>, Refusal> {
        let known = self
            .requests
            .iter()
            .find(|known| known.request.key == request.key);
        if let Some(known) = known {
            if known.request != *request {
                return Err(Refusal::KeyReused);
            }
            let again = |id: &TaskId| (*id, Origin::EarlierRequest);
            return Ok(known.tasks.iter().map(again).collect());
        }
        let accepted = self.submit(rows)?;
        self.requests.push(Known {
            request: request.clone(),
            accepted_at: self.now,
            tasks: accepted.iter().map(|(id, _)| *id).collect(),
        });
        Ok(accepted)
    }

    fn prune_requests(&mut self, before: Timestamp, limit: u32) -> Answer {
        let mut pruned = 0;
        // Of those accepted at one moment the store may forget any: by key, so that both agree.
        self.requests.sort_by(|a, b| {
            let place = |known: &Known| (known.accepted_at, known.request.key.clone());
            place(a).cmp(&place(b))
        });
        self.requests.retain(|known| {
            let goes = known.accepted_at < before && pruned < limit;
            pruned += u32::from(goes);
            !goes
        });
        Answer::Pruned(pruned)
    }

    fn submit(&mut self, rows: &[NewRow]) -> Result<Vec<(TaskId, Origin)>, Refusal> {
        // What only finds a task that stands needs no room, nor a queue.
        let held = |key: &Option<String>| {
            let holds = |card: &Card| card.new.unique_key == *key && !card.is_over();
            key.is_some() && self.cards.iter().any(holds)
        };
        let new: Vec<&NewRow> = rows.iter().filter(|row| !held(&row.unique_key)).collect();
        let plain = new.iter().filter(|row| row.unique_key.is_none()).count();
        let keys: BTreeSet<&String> = new.iter().filter_map(|r| r.unique_key.as_ref()).collect();
        let count = plain + keys.len();
        let limit = usize::try_from(self.limits.backlog).unwrap();
        if count > 0 && self.unfinished() + count > limit {
            return Err(Refusal::BacklogFull(self.limits.backlog));
        }
        let mut queues: Vec<&str> = self
            .cards
            .iter()
            .map(Card::queue)
            .chain(new.iter().map(|row| row.queue.as_str()))
            .collect();
        queues.sort_unstable();
        queues.dedup();
        if count > 0 && queues.len() > self.limits.queues {
            return Err(Refusal::TooManyQueues(self.limits.queues));
        }
        let mut accepted = Vec::new();
        for row in rows {
            let holder = self.cards.iter().find(|card| {
                row.unique_key.is_some() && card.new.unique_key == row.unique_key && !card.is_over()
            });
            if let Some(holder) = holder {
                accepted.push((holder.new.id, Origin::UniqueKey));
                continue;
            }
            accepted.push((row.id, Origin::Here));
            // How much later than its acceptance its turn begins to count. Nobody passes those who
            // came earlier by asking for a moment that is over.
            let ahead = match row.due {
                Due::AtOnce => 0,
                Due::At(moment) => moment.millis_since(self.now).max(0),
                Due::After(millis) => i64::try_from(millis).unwrap(),
            };
            let later = ahead > 0;
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
                run_at: self.now.plus_millis(ahead),
                wait: matches!(row.due, Due::After(_)).then_some(ahead),
                started_at: None,
                finished_at: None,
                lease_until: self.now,
                asked_to_stop: false,
                node: None,
                progress: None,
                result: None,
                failures: Vec::new(),
                log: Vec::new(),
                last_seq: 0,
                kept: Kept::default(),
            });
            self.wake = true;
            self.tell(self.cards.len() - 1, None, None);
        }
        Ok(accepted)
    }

    fn claim(&mut self, claim: &Claim) -> Answer {
        let waits = |card: &Card| matches!(card.state, State::Scheduled | State::Retrying);
        let now = self.now;
        for place in self.sorted(|card| {
            let since = card.run_at.plus_millis(-card.wait?);
            (waits(card) && since > now).then_some(since)
        }) {
            let card = &mut self.cards[place];
            card.run_at = now.plus_millis(card.wait.unwrap());
            self.tell(place, Some(StateReason::ClockSet), None);
        }
        for place in self.sorted(|card| (waits(card) && card.run_at <= now).then_some(card.run_at))
        {
            self.cards[place].state = State::Queued;
            self.tell(place, Some(StateReason::Due), None);
        }
        let queued = self.sorted(|card| {
            (card.state == State::Queued).then_some((card.new.priority, card.run_at))
        });
        let room = usize::try_from(claim.room).unwrap();
        // What the queues allow, in order; the node may not have room for all of it.
        let mut allowed: BTreeMap<String, u64> = BTreeMap::new();
        let mut startable = Vec::new();
        for place in queued {
            let queue = self.cards[place].queue().to_owned();
            self.settle(&queue);
            let left = allowed
                .entry(queue.clone())
                .or_insert_with(|| self.allowance(&queue, &claim.node));
            if *left > 0 {
                *left -= 1;
                startable.push(place);
            }
        }
        let more = startable.len() > room;
        let mut tasks = Vec::new();
        for place in startable.into_iter().take(room) {
            self.pay_for_start(place);
            let card = &mut self.cards[place];
            card.state = State::Running;
            card.attempt += 1;
            card.counted += 1;
            card.started_at = Some(now);
            card.lease_until = now.plus_millis(i64::try_from(claim.lease_ms).unwrap());
            card.node = Some(claim.node.clone());
            card.progress = None;
            card.kept = Kept::default();
            tasks.push((card.new.id, card.attempt, card.counted));
            self.tell(place, None, None);
        }
        let due = self.cards.iter().filter(|card| waits(card));
        let due = due.map(|card| card.run_at);
        let queued = self.cards.iter().filter(|card| card.state == State::Queued);
        let paced = queued.filter_map(|card| self.next_start(card.queue()));
        Answer::Claimed {
            tasks,
            next_due: due.chain(paced).min(),
            more,
        }
    }

    fn lane(&self, queue: &str) -> Lane {
        self.lanes.get(queue).copied().unwrap_or_default()
    }

    /// Brings a queue's debt down to what its rate itself can have made.
    fn settle(&mut self, queue: &str) {
        let now = self.now;
        if let Some(lane) = self.lanes.get_mut(queue)
            && let Some(rate) = lane.settings.rate
        {
            lane.paid_at = lane.paid_at.min(micros(now) + at_once(rate));
        }
    }

    /// How many tasks of `queue` may start now.
    fn allowance(&self, queue: &str, node: &str) -> u64 {
        let lane = self.lane(queue);
        if lane.settings.paused {
            return 0;
        }
        let of_queue = || self.cards.iter().filter(|card| card.queue() == queue);
        let is_here = |card: &&Card| !self.is_shared || card.node.as_deref() == Some(node);
        let running = count(of_queue()).running;
        let here = count(of_queue().filter(is_here)).running;
        let limits = [
            lane.settings.concurrency.map(|limit| (limit, here)),
            lane.settings.max_running.map(|limit| (limit, running)),
        ];
        let slots = limits
            .into_iter()
            .flatten()
            .map(|(limit, running)| u64::from(limit).saturating_sub(running));
        let paced = lane.settings.rate.map(|rate| {
            let room = at_once(rate) - lane.owes(self.now);
            u64::try_from(room / cost(rate)).unwrap_or(0)
        });
        slots.chain(paced).min().unwrap_or(u64::MAX)
    }

    /// When the rate of a queue allows the next start, if it allows none now.
    fn next_start(&self, queue: &str) -> Option<Timestamp> {
        let lane = self.lane(queue);
        let rate = lane.settings.rate.filter(|_| !lane.settings.paused)?;
        let wait = lane.owes(self.now) + cost(rate) - at_once(rate);
        let millis = wait.div_euclid(1_000) + i64::from(wait.rem_euclid(1_000) > 0);
        (wait > 0).then(|| self.now.plus_millis(millis))
    }

    fn pay_for_start(&mut self, place: usize) {
        let queue = self.cards[place].queue().to_owned();
        let mut lane = self.lane(&queue);
        if let Some(rate) = lane.settings.rate {
            lane.paid_at = micros(self.now) + lane.owes(self.now) + cost(rate);
            self.lanes.insert(queue, lane);
        }
    }

    fn fire(&mut self, firing: &Firing) -> Result<bool, Refusal> {
        let mut imagined = self.clone();
        let mut error = firing.error.clone();
        if let Some(task) = &firing.task {
            let accepted = imagined.submit(std::slice::from_ref(task))?;
            if let [(id, Origin::UniqueKey)] = accepted[..] {
                error = Some(format!(
                    "nothing was submitted: the unfinished task {id} has the same unique key"
                ));
            }
        }
        let due = |schedule: &&mut Schedule| {
            schedule.id == firing.schedule && schedule.next_fire_at == Some(firing.due)
        };
        let Some(schedule) = imagined.schedules.iter_mut().find(due) else {
            return Ok(false);
        };
        schedule.last_fired_at = Some(firing.due);
        schedule.next_fire_at = firing.next;
        schedule.error = error;
        *self = imagined;
        Ok(true)
    }

    fn record(&mut self, place: usize, entries: &[EventBody]) {
        for entry in entries {
            if let EventBody::Progress { fraction, message } = entry {
                self.cards[place].progress = Some(Progress {
                    fraction: *fraction,
                    message: message.clone(),
                });
            }
            self.keep(place, entry);
        }
    }

    /// The first half of each limit is for what comes first, and stays.
    fn keep(&mut self, place: usize, entry: &EventBody) {
        let events = self.limits.events / 2;
        let bytes = usize::try_from(self.limits.output_bytes / 2).unwrap();
        let kept = &mut self.cards[place].kept;
        let begins = kept.tail.is_empty() && kept.gap.is_none() && kept.first_events < events;
        let EventBody::Output { stream, text } = entry else {
            if begins {
                kept.first_events += 1;
                self.push(place, entry.clone());
            } else {
                self.keep_in_tail(place, entry.clone());
            }
            return;
        };
        let (mut first, mut rest) = (String::new(), String::new());
        for character in text.chars() {
            let length = kept.first_bytes + first.len() + character.len_utf8();
            if begins && rest.is_empty() && length <= bytes {
                first.push(character);
            } else {
                rest.push(character);
            }
        }
        let printed = |text: String| EventBody::Output {
            stream: *stream,
            text,
        };
        if !first.is_empty() || (begins && text.is_empty()) {
            kept.first_events += 1;
            kept.first_bytes += first.len();
            self.push(place, printed(first));
        } else if text.is_empty() {
            self.keep_in_tail(place, printed(String::new()));
        }
        self.print_to_tail(place, &rest, printed);
    }

    /// The second half is for what comes last.
    fn print_to_tail(&mut self, place: usize, text: &str, printed: impl Fn(String) -> EventBody) {
        let room = half(self.limits.output_bytes);
        let fits = |(index, _): &(usize, char)| (text.len() - index) as u64 <= room;
        let latest = text.char_indices().rev().take_while(fits).last();
        let lost = latest.map_or(text.len(), |(index, _)| index);
        if lost > 0 {
            self.lose(place, lost as u64);
        }
        let most = usize::try_from(eighth(room).max(4)).unwrap();
        let mut piece = String::new();
        for character in text[lost..].chars() {
            if piece.len() + character.len_utf8() > most {
                let full = std::mem::take(&mut piece);
                self.keep_in_tail(place, printed(full));
            }
            piece.push(character);
        }
        if !piece.is_empty() {
            self.keep_in_tail(place, printed(piece));
        }
    }

    /// More was printed at once than can be kept: it is said at once, and stands for all before it.
    fn lose(&mut self, place: usize, bytes: u64) {
        let seq = self.cards[place].last_seq + 1;
        let kept = &mut self.cards[place].kept;
        let mut gap = kept.gap.unwrap_or_default();
        if gap.from == 0 {
            gap.from = kept.tail.first().map_or(seq, |late| late.seq);
        }
        gap.at = seq;
        gap.events += kept.tail.len() as u64;
        gap.bytes += bytes + kept.tail.iter().map(|late| late.bytes).sum::<u64>();
        kept.tail.clear();
        kept.gap = Some(gap);
        let mark = gap.mark("output", self.limits.output_bytes);
        self.push(place, mark.clone());
        self.forget(place, gap, &mark);
    }

    fn keep_in_tail(&mut self, place: usize, body: EventBody) {
        let events = half(self.limits.events);
        let room = half(self.limits.output_bytes);
        let bytes = match &body {
            EventBody::Output { text, .. } => text.len() as u64,
            _ => 0,
        };
        self.push(place, body);
        let card = &mut self.cards[place];
        let tail = &mut card.kept.tail;
        let lot = tail.last().map_or(0, |last| {
            let together = tail.iter().filter(|late| late.lot == last.lot);
            let full = together.clone().count() as u64 >= eighth(events)
                || together.map(|late| late.bytes).sum::<u64>() >= eighth(room);
            last.lot + u64::from(full)
        });
        tail.push(Late {
            seq: card.last_seq,
            bytes,
            lot,
        });
        loop {
            let tail = &mut self.cards[place].kept.tail;
            let (what, limit) = if tail.iter().map(|late| late.bytes).sum::<u64>() > room {
                ("output", self.limits.output_bytes)
            } else if tail.len() as u64 > events {
                ("events", self.limits.events)
            } else {
                break;
            };
            let oldest = tail[0].lot;
            let goes = |late: &Late| late.lot == oldest;
            let gone: Vec<Late> = tail.iter().copied().filter(goes).collect();
            tail.retain(|late| !goes(late));
            let gap = self.cards[place].kept.gap.get_or_insert(Gap {
                from: gone[0].seq,
                ..Gap::default()
            });
            gap.at = gone.last().unwrap().seq;
            gap.events += gone.len() as u64;
            gap.bytes += gone.iter().map(|late| late.bytes).sum::<u64>();
            let gap = *gap;
            let mark = gap.mark(what, limit);
            self.forget(place, gap, &mark);
        }
    }

    /// Takes what is missing from the log, and puts the mark in the place of the last.
    fn forget(&mut self, place: usize, gap: Gap, mark: &EventBody) {
        let log = &mut self.cards[place].log;
        log.retain(|event| {
            let state = matches!(event.body, EventBody::State { .. });
            state || !(gap.from..gap.at).contains(&event.seq)
        });
        let last = log.iter_mut().find(|event| event.seq == gap.at);
        last.unwrap().body = mark.clone();
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
            End::Postponed {
                message,
                ran_ms,
                wait_ms,
            } => {
                card.failures.push(Failure {
                    message: message.clone(),
                    attempt: card.attempt,
                    at: now,
                    ran_ms: *ran_ms,
                });
                error = Some(message.clone());
                if card.asked_to_stop {
                    card.state = State::Cancelled;
                } else {
                    let wait = i64::try_from(*wait_ms).unwrap();
                    card.state = State::Retrying;
                    card.counted -= 1;
                    card.run_at = now.plus_millis(wait);
                    card.wait = Some(wait);
                }
            }
            End::Failed {
                message,
                ran_ms,
                retry_in_ms,
            } => {
                card.failures.push(Failure {
                    message: message.clone(),
                    attempt: card.attempt,
                    at: now,
                    ran_ms: *ran_ms,
                });
                error = Some(message.clone());
                match retry_in_ms {
                    Some(_) if attempts_left && card.asked_to_stop => {
                        card.state = State::Cancelled;
                    }
                    Some(millis) if attempts_left => {
                        let wait = i64::try_from(*millis).unwrap();
                        card.state = State::Retrying;
                        card.run_at = now.plus_millis(wait);
                        card.wait = Some(wait);
                    }
                    _ => card.state = State::Failed,
                }
            }
        }
        self.rest(place);
        self.tell(place, reason, error);
        self.cards[place].state
    }

    fn renew(&mut self, attempts: &[(TaskId, u32)], lease_ms: u64) -> Answer {
        let until = self.now.plus_millis(i64::try_from(lease_ms).unwrap());
        let mut renewed = Vec::new();
        for (task, attempt) in attempts {
            if let Some(place) = self.running(*task, *attempt) {
                let card = &mut self.cards[place];
                card.lease_until = until;
                renewed.push((card.new.id, card.attempt, card.asked_to_stop));
            }
        }
        renewed.sort_unstable();
        Answer::Renewed(renewed)
    }

    fn rescue(&mut self, which: &Lost, limit: u32) -> Answer {
        let lost = self.sorted(|card| {
            let expired = match which {
                Lost::All => true,
                Lost::Remote { .. } => false,
                Lost::Expired { held, .. } => {
                    card.lease_until < self.now && !held.contains(&(card.new.id, card.attempt))
                }
            };
            (card.state == State::Running && expired).then_some(card.lease_until)
        });
        let mut rescued = 0;
        for place in lost.into_iter().take(usize::try_from(limit).unwrap()) {
            let now = self.now;
            let card = &mut self.cards[place];
            let node = card.node.clone().unwrap();
            let message = match which {
                Lost::All | Lost::Remote { .. } => {
                    format!("the node {node} stopped before this attempt ended")
                }
                Lost::Expired { lease_ms, .. } => {
                    let over = now.millis_since(card.lease_until);
                    let silent = u64::try_from(over).unwrap() + lease_ms;
                    format!("the node {node} was silent for {} s", silent / 1_000)
                }
            };
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
                message: message.clone(),
                attempt: card.attempt,
                at: now,
                ran_ms: u64::try_from(ran).unwrap(),
            });
            self.rest(place);
            let reason = Some(StateReason::LeaseExpired);
            self.tell(place, reason, Some(message));
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

    /// The moment so many milliseconds ago.
    fn ago(&self, millis: u64) -> Timestamp {
        self.now.plus_millis(-i64::try_from(millis).unwrap())
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
        card.last_seq += 1;
        let event = Event {
            task_id: card.new.id,
            seq: card.last_seq,
            attempt: card.attempt,
            at: self.now,
            body,
        };
        card.log.push(event.clone());
        self.events.push(event);
    }
}

impl Card {
    fn queue(&self) -> &str {
        &self.new.queue
    }

    fn is_over(&self) -> bool {
        matches!(
            self.state,
            State::Completed | State::Failed | State::Cancelled
        )
    }
}

impl Lane {
    fn owes(self, now: Timestamp) -> i64 {
        (self.paid_at - micros(now)).max(0)
    }
}

fn micros(moment: Timestamp) -> i64 {
    moment.as_millis() * 1_000
}

/// How many microseconds of waiting a start costs.
fn cost(rate: RateLimit) -> i64 {
    i64::from(rate.per_ms) * 1_000 / i64::from(rate.tasks)
}

/// How much may be owed at a time.
fn at_once(rate: RateLimit) -> i64 {
    cost(rate) * i64::from(rate.tasks)
}

fn count<'c>(cards: impl Iterator<Item = &'c Card>) -> StateCounts {
    let mut counts = StateCounts::default();
    for card in cards {
        *counts.get_mut(card.state) += 1;
    }
    counts
}

impl Gap {
    fn mark(self, what: &str, limit: u64) -> EventBody {
        EventBody::Truncated {
            what: what.to_owned(),
            limit,
            first_seq: self.from,
            missing_events: self.events,
            missing_bytes: self.bytes,
        }
    }
}

/// The half of a limit that is for what comes last.
fn half(limit: u64) -> u64 {
    limit - limit / 2
}

/// How much of it goes together, when it must.
fn eighth(half: u64) -> u64 {
    half.div_ceil(8)
}
