//! Random histories on a real store beside a simple model: after each step they agree on
//! everything that can be read.
//!
//! `PROPTEST_CASES` sets how many histories are tried. Those that once failed are kept beside this
//! file and tried first.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod place;
#[path = "../support/postgres.rs"]
mod server;
mod steps;
#[path = "../support/store.rs"]
mod support;
mod world;

use std::cell::RefCell;
use std::collections::BTreeSet;

use glassworks_engine::Limits;
use glassworks_engine::store::{Accepted, Outcome, Store, Write};
use glassworks_protocol::{Event, EventBody, JsonText, Task, TaskId, Timestamp};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

use self::place::Kept;
use self::steps::{Op, Step, history};
use self::support::{ManualClock, everything, log, row};
use self::world::{Answer, Card, Origin, World};

/// Histories tried when nobody says how many.
const CASES: u32 = 48;

/// Small, so that every history meets them.
const LIMITS: Limits = Limits {
    backlog: 9,
    payload_bytes: 1_000,
    result_bytes: 1_000,
    output_bytes: 24,
    events: 18,
    queues: 3,
    schedules: 3,
    kinds: 1,
};

fn config() -> Config {
    let kept = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/model/proptest-regressions.txt"
    );
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    Config {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(kept))),
        ..Config::default()
    }
}

#[test]
fn sqlite_does_what_the_model_does() {
    does_what_the_model_does(async || Kept::in_a_file());
}

#[test]
fn postgres_does_what_the_model_does() {
    does_what_the_model_does(Kept::on_a_server);
}

/// Tries histories on one place, emptied before each.
fn does_what_the_model_does(place: impl AsyncFnOnce() -> Kept) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let place = RefCell::new(runtime.block_on(place()));
    let verdict = TestRunner::new(config()).run(&history(), |steps| {
        let mut place = place.borrow_mut();
        runtime.block_on(async {
            place.empty().await;
            let mut trial = Trial::new(&mut place).await;
            for step in &steps {
                trial.take(step).await?;
                trial.compare().await?;
            }
            trial.restart().await;
            trial.compare().await
        })
    });
    if let Err(failure) = verdict {
        panic!("{failure}");
    }
}

/// A store and the model, side by side.
struct Trial<'f> {
    place: &'f mut Kept,
    clock: ManualClock,
    world: World,
    /// `None` only while it is reopened.
    store: Option<Box<dyn Store>>,
}

impl<'f> Trial<'f> {
    async fn new(place: &'f mut Kept) -> Self {
        let clock = ManualClock::new();
        let store = place.open(LIMITS, clock.for_store()).await;
        Self {
            world: World::new(clock.now(), LIMITS, store.is_shared()),
            place,
            clock,
            store: Some(store),
        }
    }

    fn store(&self) -> &dyn Store {
        self.store.as_deref().unwrap()
    }

    async fn restart(&mut self) {
        self.store = None;
        let clock = self.clock.for_store();
        self.store = Some(self.place.open(LIMITS, clock).await);
    }

    async fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Commit(ops) => self.commit(ops).await,
            Step::Fail(ops) => self.fail(ops).await,
            Step::Pass(millis) => {
                self.clock.advance(*millis);
                self.world.now = self.clock.now();
                Ok(())
            }
            Step::Restart => {
                self.restart().await;
                Ok(())
            }
        }
    }

    async fn commit(&mut self, ops: &[Op]) -> Result<(), TestCaseError> {
        let (batch, expected) = plan(&mut self.world, ops);
        let committed = self.store().commit(batch).await.unwrap();
        let answers: Vec<Answer> = committed.outcomes.into_iter().map(answer).collect();
        same("the answers", &answers, &expected)?;
        let (events, deleted, wake) = self.world.told();
        same("the committed events", &committed.events, &events)?;
        same("what was deleted", &committed.deleted, &deleted)?;
        if wake && !committed.wake {
            return Err(TestCaseError::fail("the dispatcher was not woken"));
        }
        Ok(())
    }

    async fn fail(&mut self, ops: &[Op]) -> Result<(), TestCaseError> {
        let mut imagined = self.world.clone();
        let (mut batch, _) = plan(&mut imagined, ops);
        // Two tasks with one id, which no database takes.
        let twin = row();
        let twins = Write::Submit(vec![twin.clone(), twin]);
        if !matches!(imagined.apply(&twins), Answer::Submitted(Ok(_))) {
            // It would be refused before it came to that.
            return Ok(());
        }
        batch.push(twins);
        match self.store().commit(batch).await {
            Ok(_) => Err(TestCaseError::fail("two tasks have one id")),
            Err(_) => Ok(()),
        }
    }

    async fn compare(&self) -> Result<(), TestCaseError> {
        let stored = everything(self.store()).await;
        let mut expected: Vec<Task> = self.world.cards.iter().map(shown).collect();
        expected.reverse();
        same("the tasks", &stored, &expected)?;
        for card in &self.world.cards {
            let log = log(self.store(), card.new.id).await.unwrap();
            same::<Vec<Event>>("the log", &log, &card.log)?;
        }
        let counts = self.store().counts().await.unwrap();
        same("the counts", &counts, &self.world.counts())?;
        let queues = self.store().queues().await.unwrap();
        same("the queues", &queues, &self.world.queues())?;
        let schedules = self.store().schedules().await.unwrap();
        same("the schedules", &schedules, &self.world.schedules)?;
        let (counted, tasks) = self.place.counts_by_queue().await;
        same("the counts by queue", &counted, &tasks)?;
        let orphans = self.place.orphans().await;
        same("what deleted tasks left", &orphans, &Vec::new())
    }
}

/// Aims the writes one after the other, as the model changes under them.
fn plan(world: &mut World, ops: &[Op]) -> (Vec<Write>, Vec<Answer>) {
    let mut batch = Vec::new();
    let mut expected = Vec::new();
    for op in ops {
        let write = op.aim(world);
        expected.push(world.apply(&write));
        batch.push(write);
    }
    (batch, expected)
}

fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    stored: &T,
    expected: &T,
) -> Result<(), TestCaseError> {
    if stored == expected {
        return Ok(());
    }
    Err(TestCaseError::fail(format!(
        "{what} differ\n  store: {stored:#?}\n  model: {expected:#?}"
    )))
}

fn answer(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Submitted(submitted) => Answer::Submitted(submitted.map(|accepted| {
            let each = |accepted| match accepted {
                Accepted::New(head) => (head.id, Origin::Here),
                Accepted::Existing(id) => (id, Origin::UniqueKey),
                Accepted::Replayed(id) => (id, Origin::EarlierRequest),
            };
            accepted.into_iter().map(each).collect()
        })),
        Outcome::Claimed {
            tasks,
            next_due,
            more,
        } => Answer::Claimed {
            tasks: tasks
                .iter()
                .map(|task| (task.id, task.attempt, task.counted_attempts))
                .collect(),
            next_due,
            more,
        },
        Outcome::Recorded(recorded) => Answer::Recorded(recorded),
        Outcome::Finished(finished) => Answer::Finished(finished),
        Outcome::Renewed(leases) => {
            let mut renewed: Vec<(TaskId, u32, bool)> = leases
                .iter()
                .map(|lease| (lease.id, lease.attempt, lease.cancel_requested))
                .collect();
            renewed.sort_unstable();
            Answer::Renewed(renewed)
        }
        Outcome::Rescued(count) => Answer::Rescued(count),
        Outcome::Changed(changed) => Answer::Changed(changed),
        Outcome::QueueSaved => Answer::QueueSaved,
        Outcome::ScheduleSaved => Answer::ScheduleSaved,
        Outcome::ScheduleDeleted(deleted) => Answer::ScheduleDeleted(deleted),
        Outcome::Rescheduled(moved) => Answer::Rescheduled(moved),
        Outcome::Fired(fired) => Answer::Fired(fired),
        Outcome::Pruned(count) => Answer::Pruned(count),
        Outcome::Probed => Answer::Probed,
        Outcome::Reported(_) | Outcome::Offered(_) => {
            unreachable!("no worker is part of the model")
        }
        Outcome::NoRoom => unreachable!("the model's disk is never full"),
        Outcome::KeySaved(_)
        | Outcome::KeyRevoked(_)
        | Outcome::SessionSaved
        | Outcome::SessionEnded(_)
        | Outcome::UseSaved => unreachable!("the model has no keys"),
    }
}

/// The task that a store should show for what the model knows.
fn shown(card: &Card) -> Task {
    let json = |text: &str| JsonText::parse(text.to_owned()).unwrap();
    Task {
        id: card.new.id,
        kind: card.new.kind.clone(),
        queue: card.new.queue.clone(),
        state: card.state,
        payload: json(&card.new.payload),
        priority: card.new.priority,
        tags: card.new.tags.clone(),
        attempt: card.attempt,
        counted_attempts: card.counted,
        max_attempts: card.new.max_attempts,
        timeout_ms: card.new.timeout_ms,
        run_at: card.run_at,
        created_at: card.created_at,
        started_at: card.started_at,
        finished_at: card.finished_at,
        progress: card.progress.clone(),
        result: card.result.as_deref().map(json),
        error: card.failures.last().cloned(),
        errors: card.failures.clone(),
        errors_omitted: 0,
        cancel_requested: card.asked_to_stop,
        unique_key: card.new.unique_key.clone(),
        schedule_id: None,
        traceparent: None,
        submitted_by: card.new.submitted_by.clone(),
        node: card.node.clone(),
        last_seq: card.last_seq,
    }
}

#[test]
fn the_histories_reach_every_answer() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..500 {
        let steps = history().new_tree(&mut runner).unwrap().current();
        let mut world = World::new(Timestamp::from_millis(0), LIMITS, false);
        for step in steps {
            match step {
                Step::Commit(ops) => {
                    for answer in plan(&mut world, &ops).1 {
                        seen.insert(name(&answer));
                    }
                }
                Step::Pass(millis) => world.now = world.now.plus_millis(millis),
                Step::Fail(_) | Step::Restart => {}
            }
            for event in world.cards.iter().flat_map(|card| &card.log) {
                if let EventBody::Truncated { what, .. } = &event.body {
                    seen.insert(format!("truncated {what}"));
                }
            }
            for event in world.told().0 {
                if matches!(event.body, EventBody::Truncated { .. }) {
                    seen.insert("truncated at once".to_owned());
                }
            }
        }
    }
    let expected = EVERY_ANSWER.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(seen, expected);
}

/// What an answer is, apart from its figures.
fn name(answer: &Answer) -> String {
    let refusal = |refusal: &glassworks_engine::store::Refusal| {
        let text = format!("{refusal:?}");
        match text.split_once('(') {
            Some(("State", state)) => format!("State {}", state.trim_end_matches(')')),
            Some((name, _)) => name.to_owned(),
            None => text,
        }
    };
    match answer {
        Answer::Submitted(Ok(accepted)) => {
            let from = |origin| accepted.iter().any(|(_, from)| *from == origin);
            let answer = match (from(Origin::EarlierRequest), from(Origin::UniqueKey)) {
                (true, _) => "again",
                (false, true) => "one existing",
                (false, false) => "all new",
            };
            format!("submitted, {answer}")
        }
        Answer::Submitted(Err(refused)) => format!("submit: {}", refusal(refused)),
        Answer::Claimed {
            tasks,
            next_due,
            more,
        } => {
            let some = if tasks.is_empty() { "none" } else { "some" };
            let due = if next_due.is_some() {
                ", due later"
            } else {
                ""
            };
            let more = if *more { ", more" } else { "" };
            format!("claimed {some}{due}{more}")
        }
        Answer::Recorded(Ok(())) => "recorded".to_owned(),
        Answer::Recorded(Err(refused)) => format!("record: {}", refusal(refused)),
        Answer::Finished(Ok(state)) => format!("finished {state}"),
        Answer::Finished(Err(refused)) => format!("finish: {}", refusal(refused)),
        Answer::Renewed(leases) => format!("renewed {}", leases.len().min(1)),
        Answer::Rescued(count) => format!("rescued {}", (*count).min(1)),
        Answer::Changed(Ok(attempt)) => format!("changed, running: {}", attempt.is_some()),
        Answer::Changed(Err(refused)) => format!("request: {}", refusal(refused)),
        Answer::QueueSaved => "queue saved".to_owned(),
        Answer::ScheduleSaved => "schedule saved".to_owned(),
        Answer::ScheduleDeleted(deleted) => format!("schedule deleted: {deleted}"),
        Answer::Rescheduled(moved) => format!("rescheduled: {moved}"),
        Answer::Fired(Ok(first)) => format!("fired: {first}"),
        Answer::Fired(Err(refused)) => format!("fire: {}", refusal(refused)),
        Answer::Pruned(count) => format!("pruned {}", (*count).min(1)),
        Answer::Probed => "probed".to_owned(),
    }
}

/// A history that never came to one of these would prove nothing of it.
const EVERY_ANSWER: &[&str] = &[
    "changed, running: false",
    "changed, running: true",
    "claimed none",
    "claimed none, due later",
    "claimed none, due later, more",
    "claimed none, more",
    "claimed some",
    "claimed some, due later",
    "claimed some, due later, more",
    "claimed some, more",
    "finish: Fenced",
    "finished cancelled",
    "finished completed",
    "finished failed",
    "finished queued",
    "finished retrying",
    "fire: BacklogFull",
    "fire: TooManyQueues",
    "fired: false",
    "fired: true",
    "pruned 0",
    "pruned 1",
    "queue saved",
    "record: Fenced",
    "recorded",
    "renewed 0",
    "renewed 1",
    "request: KeyTaken",
    "request: NotFound",
    "request: State Cancelled",
    "request: State Completed",
    "request: State Failed",
    "request: State Queued",
    "request: State Retrying",
    "request: State Running",
    "request: State Scheduled",
    "rescheduled: false",
    "rescheduled: true",
    "rescued 0",
    "rescued 1",
    "schedule deleted: false",
    "schedule deleted: true",
    "schedule saved",
    "submit: BacklogFull",
    "submit: KeyReused",
    "submit: TooManyQueues",
    "submitted, again",
    "submitted, all new",
    "submitted, one existing",
    "truncated at once",
    "truncated events",
    "truncated output",
];
