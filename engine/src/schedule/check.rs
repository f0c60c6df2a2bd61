//! What makes a schedule acceptable: its rule, and the task that it will submit.

use glassworks_protocol::{FieldError, Schedule, Timestamp};

use super::cron::Rule;
use crate::error::Error;
use crate::limits::Limits;
use crate::registry::Registry;
use crate::submission;

/// Checks a schedule's rule and the task it will submit. Every fault is told, not only the first.
pub(crate) fn check(
    schedule: &Schedule,
    registry: &Registry,
    limits: &Limits,
    now: Timestamp,
) -> Result<Rule, Error> {
    let mut faults = Vec::new();
    let rule = Rule::read(&schedule.cron, &schedule.time_zone);
    if let Err(errors) = &rule {
        faults.extend(errors.iter().cloned());
    }
    let task = &schedule.task;
    if task.run_at.is_some() || task.delay_ms.is_some() {
        let detail = "cannot have run_at or delay_ms: the schedule says when";
        faults.push(FieldError::new("/task", detail));
    }
    match submission::check(task, registry, limits, now) {
        Err(Error::Invalid(errors)) => faults.extend(
            errors
                .into_iter()
                .map(|error| FieldError::new(format!("/task{}", error.pointer), error.detail)),
        ),
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    match rule {
        Ok(rule) if faults.is_empty() => Ok(rule),
        _ => Err(Error::Invalid(faults)),
    }
}
