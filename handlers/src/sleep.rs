//! `sleep`: waits, and says how far it is. It can fail or panic on purpose, to show what happens
//! then.

use std::time::Duration;

use glassworks_engine::{Handler, Run, TaskError};
use glassworks_protocol::{FieldError, JsonText};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

const MAX_SECONDS: f64 = 3600.0;
const MAX_STEPS: u32 = 10_000;

/// The kind `sleep`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sleep;

/// How to sleep.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// How long it takes in all, in seconds.
    #[schema(minimum = 0, maximum = 3600, example = 5.0)]
    seconds: f64,
    /// In how many steps; each prints a line and moves the progress.
    #[serde(default = "ten")]
    #[schema(minimum = 1, maximum = 10000, default = 10)]
    steps: u32,
    /// The step that fails the attempt.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10000)]
    fail_at_step: Option<u32>,
    /// The step that panics.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10000)]
    panic_at_step: Option<u32>,
    /// How many attempts fail or panic before one is let through; all of them when absent. Only with
    /// `fail_at_step` or `panic_at_step`.
    #[serde(default)]
    #[schema(minimum = 0)]
    fail_attempts: Option<u32>,
}

fn ten() -> u32 {
    10
}

impl Payload {
    /// Whether this attempt is one of those that go wrong.
    fn is_doomed(&self, attempt: u32) -> bool {
        self.fail_attempts.is_none_or(|doomed| attempt <= doomed)
    }

    fn step_error(&self, pointer: &str, step: Option<u32>) -> Option<FieldError> {
        let fits = step.is_none_or(|step| (1..=self.steps).contains(&step));
        (!fits)
            .then(|| FieldError::new(pointer, format!("expected a step from 1 to {}", self.steps)))
    }
}

impl Handler for Sleep {
    const KIND: &'static str = "sleep";
    const DESCRIPTION: &'static str =
        "Waits in steps, with progress and a line of output each; can fail or panic on purpose.";
    type Payload = Payload;

    fn example() -> Value {
        json!({"seconds": 5, "steps": 10})
    }

    fn check(&self, payload: &Payload) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        if !(0.0..=MAX_SECONDS).contains(&payload.seconds) {
            errors.push(FieldError::new("/seconds", "expected 0 to 3600"));
        }
        if (1..=MAX_STEPS).contains(&payload.steps) {
            errors.extend(payload.step_error("/fail_at_step", payload.fail_at_step));
            errors.extend(payload.step_error("/panic_at_step", payload.panic_at_step));
        } else {
            errors.push(FieldError::new("/steps", "expected 1 to 10000"));
        }
        let goes_wrong = payload.fail_at_step.is_some() || payload.panic_at_step.is_some();
        if payload.fail_attempts.is_some() && !goes_wrong {
            let detail = "says how many attempts go wrong, and needs fail_at_step or \
                          panic_at_step, which says where";
            errors.push(FieldError::new("/fail_attempts", detail));
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    async fn run(&self, payload: Payload, run: &Run) -> Result<JsonText, TaskError> {
        let steps = payload.steps;
        let pause = Duration::from_secs_f64(payload.seconds / f64::from(steps));
        for step in 1..=steps {
            run.sleep(pause).await?;
            if payload.is_doomed(run.attempt()) {
                if payload.fail_at_step == Some(step) {
                    let message = format!("failed at step {step} of {steps}, as asked");
                    return Err(TaskError::new(message));
                }
                assert!(
                    payload.panic_at_step != Some(step),
                    "panicked at step {step} of {steps}, as asked"
                );
            }
            let message = format!("step {step} of {steps}");
            run.print(format!("{message}\n")).await;
            run.progress(f64::from(step) / f64::from(steps), message)
                .await;
        }
        Ok(json!({
            "slept_seconds": payload.seconds,
            "steps": steps,
            "attempt": run.attempt(),
        })
        .into())
    }
}

#[cfg(test)]
mod tests {
    use glassworks_engine::Handler as _;
    use serde_json::{Value, json};

    use super::{Payload, Sleep};

    fn read(payload: Value) -> Payload {
        serde_json::from_value(payload).unwrap()
    }

    fn wrong(payload: Value) -> Vec<String> {
        let errors = Sleep.check(&read(payload)).err().unwrap_or_default();
        errors.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn its_example_is_acceptable() {
        assert!(wrong(Sleep::example()).is_empty());
    }

    #[test]
    fn ranges_are_checked_by_name() {
        assert!(wrong(json!({"seconds": 0})).is_empty());
        assert!(wrong(json!({"seconds": 3600, "steps": 10_000})).is_empty());
        assert_eq!(wrong(json!({"seconds": -1})), ["/seconds"]);
        assert_eq!(wrong(json!({"seconds": 1, "steps": 0})), ["/steps"]);
        let both = json!({"seconds": 4000, "steps": 10_001, "fail_at_step": 3});
        assert_eq!(wrong(both), ["/seconds", "/steps"]);
        let beyond = json!({"seconds": 1, "steps": 3, "fail_at_step": 4, "panic_at_step": 0});
        assert_eq!(wrong(beyond), ["/fail_at_step", "/panic_at_step"]);
    }

    #[test]
    fn attempts_that_fail_need_a_step_to_fail_at() {
        assert_eq!(
            wrong(json!({"seconds": 1, "fail_attempts": 2})),
            ["/fail_attempts"]
        );
        for step in ["fail_at_step", "panic_at_step"] {
            assert!(wrong(json!({"seconds": 1, "fail_attempts": 2, step: 1})).is_empty());
        }
    }

    #[test]
    fn the_first_attempts_fail_or_all_of_them() {
        let all = read(json!({"seconds": 1, "fail_at_step": 1}));
        assert!(all.is_doomed(1) && all.is_doomed(100));
        let two = read(json!({"seconds": 1, "fail_at_step": 1, "fail_attempts": 2}));
        assert!(two.is_doomed(2) && !two.is_doomed(3));
    }
}
