//! The tasks that clients submit, and what each has to come to.

use anyhow::{Context as _, Result, ensure};
use glassworks_protocol::{NewTask, RetryPolicy, State, Task};
use rand::RngExt;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::history::History;

/// So many that no task uses them up by being killed, and few enough that each failure is kept.
const ENOUGH_ATTEMPTS: u32 = 100;

/// Few, so that tasks with the same key do meet.
const KEYS: u32 = 8;

/// A task of any sort, to be known by `label`.
pub(crate) fn task(rng: &mut impl RngExt, label: String) -> NewTask {
    let steps = rng.random_range(1..=4_u32);
    let seconds = if rng.random_bool(0.6) {
        0.0
    } else {
        rng.random_range(0.0..0.4)
    };
    let mut payload = json!({"seconds": seconds, "steps": steps});
    let mut max_attempts = ENOUGH_ATTEMPTS;
    let wrong_step = Value::from(rng.random_range(1..=steps));
    match rng.random_range(0..100) {
        0..20 => {
            payload["fail_at_step"] = wrong_step;
            payload["fail_attempts"] = rng.random_range(1..=3).into();
        }
        20..30 => {
            payload["panic_at_step"] = wrong_step;
            payload["fail_attempts"] = rng.random_range(1..=2).into();
        }
        30..40 => {
            payload["fail_at_step"] = wrong_step;
            max_attempts = rng.random_range(1..=4);
        }
        _ => {}
    }
    let mut new = NewTask::new("sleep", payload);
    new.max_attempts = Some(max_attempts);
    new.retry = Some(RetryPolicy {
        initial_ms: rng.random_range(0..=60),
        factor: rng.random_range(1.0..2.0),
        max_ms: 150,
    });
    new.tags = vec![label];
    new.priority = Some(rng.random_range(0..=9));
    new.queue = rng.random_bool(0.3).then(|| "second".to_owned());
    new.delay_ms = rng.random_bool(0.2).then(|| rng.random_range(1..=1_500));
    new.unique_key = rng
        .random_bool(0.1)
        .then(|| format!("key-{}", rng.random_range(0..KEYS)));
    new
}

/// What a payload asks for.
#[derive(Deserialize)]
struct Payload {
    steps: u32,
    #[serde(default)]
    fail_at_step: Option<u32>,
    #[serde(default)]
    panic_at_step: Option<u32>,
    #[serde(default)]
    fail_attempts: Option<u32>,
}

impl Payload {
    /// Whether this attempt has to go wrong.
    fn dooms(&self, attempt: u32) -> bool {
        let has_trap = self.fail_at_step.or(self.panic_at_step).is_some();
        has_trap && self.fail_attempts.is_none_or(|doomed| attempt <= doomed)
    }
}

/// Checks that what a task did so far is what was asked for.
pub(crate) fn check_course(task: &Task, history: &History) -> Result<()> {
    let payload: Payload = task.payload.read().context("its payload has changed")?;
    for failure in &history.failures {
        let attempt = failure.attempt;
        if failure.lost {
            continue;
        }
        let asked = failure.message.contains("as asked");
        ensure!(asked, "attempt {attempt} failed of itself");
        ensure!(payload.dooms(attempt), "attempt {attempt} must not fail");
    }
    match task.state {
        State::Completed => check_completed(task, &payload, history),
        State::Failed => {
            let hopeless = payload.dooms(u32::MAX);
            ensure!(hopeless, "it failed though an attempt could succeed");
            let used_up = task.attempt == task.max_attempts;
            ensure!(used_up, "it failed with attempts left");
            Ok(())
        }
        State::Cancelled => {
            ensure!(task.cancel_requested, "nobody asked for it to be cancelled");
            Ok(())
        }
        State::Scheduled | State::Queued | State::Running | State::Retrying => Ok(()),
    }
}

fn check_completed(task: &Task, payload: &Payload, history: &History) -> Result<()> {
    let attempt = task.attempt;
    ensure!(!payload.dooms(attempt), "attempt {attempt} had to fail");
    let result = task.result.as_ref().context("it has no result")?;
    let result: Value = result.read()?;
    ensure!(result["attempt"] == attempt, "its result is {result}");
    let steps = payload.steps;
    let asked = (1..=steps).map(|step| format!("step {step} of {steps}"));
    let printed = &history.output;
    let whole = printed.ends_with('\n') && printed.lines().eq(asked);
    ensure!(whole, "its last attempt printed {printed:?}");
    let fraction = task.progress.as_ref().map(|progress| progress.fraction);
    ensure!(fraction == Some(1.0), "its progress is {fraction:?}");
    Ok(())
}
