//! The attempts of a task, read from its log.

use glassworks_protocol::{Event, EventBody, Failure, State, StateReason, Task, Timestamp};

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is being made.
    Running,
    /// The handler succeeded.
    Completed,
    /// It failed; whether for good is the task's state.
    Failed(String),
    /// Somebody cancelled it.
    Cancelled,
    /// Its node died or stopped renewing the lease: another attempt takes its place.
    Lost,
    /// Its node shut down: it did not count.
    Released,
}

/// One execution of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// From 1.
    pub(crate) number: u32,
    /// Absent when its start has left the part of the log at hand.
    pub(crate) started_at: Option<Timestamp>,
    /// Absent while it runs.
    pub(crate) ended_at: Option<Timestamp>,
    /// How it ended.
    pub(crate) outcome: Outcome,
}

/// The attempts that `log` and the task's kept failures tell of, oldest first. `log` may be just
/// the end of the whole log; a number can occur twice when an attempt did not count.
pub(crate) fn attempts<'a>(task: &Task, log: impl IntoIterator<Item = &'a Event>) -> Vec<Attempt> {
    let mut found = Vec::new();
    for event in log {
        if let EventBody::State {
            state,
            reason,
            error,
            ..
        } = &event.body
        {
            note(&mut found, event, *state, *reason, error.as_deref());
        }
    }
    // What the log does not tell of any more happened before what it tells.
    let forgotten = |failure: &&Failure| !found.iter().any(|attempt| tells_of(attempt, failure));
    let mut all: Vec<_> = task
        .errors
        .iter()
        .filter(forgotten)
        .map(from_failure)
        .collect();
    all.append(&mut found);
    all
}

fn note(
    found: &mut Vec<Attempt>,
    event: &Event,
    state: State,
    reason: Option<StateReason>,
    error: Option<&str>,
) {
    if state == State::Running {
        // A request to stop is written in the same state; only a claim starts an attempt.
        if reason != Some(StateReason::CancelRequested) {
            found.push(Attempt {
                number: event.attempt,
                started_at: Some(event.at),
                ended_at: None,
                outcome: Outcome::Running,
            });
        }
        return;
    }
    let Some(open) = found
        .last_mut()
        .filter(|attempt| attempt.ended_at.is_none())
    else {
        return;
    };
    open.outcome = match (reason, state, error) {
        (Some(StateReason::LeaseExpired), ..) => Outcome::Lost,
        (Some(StateReason::Released), ..) => Outcome::Released,
        (_, State::Completed, _) => Outcome::Completed,
        (_, State::Cancelled, _) => Outcome::Cancelled,
        (_, _, error) => Outcome::Failed(error.unwrap_or_default().to_owned()),
    };
    open.ended_at = Some(event.at);
}

fn tells_of(attempt: &Attempt, failure: &Failure) -> bool {
    attempt.number == failure.attempt && attempt.ended_at.is_some_and(|end| end >= failure.at)
}

fn from_failure(failure: &Failure) -> Attempt {
    let ran = i64::try_from(failure.ran_ms).unwrap_or(i64::MAX);
    Attempt {
        number: failure.attempt,
        started_at: Some(failure.at.plus_millis(-ran)),
        ended_at: Some(failure.at),
        outcome: Outcome::Failed(failure.message.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, attempts};
    use crate::fixture::{failure, state_event, task};
    use glassworks_protocol::{EventBody, State, StateReason};

    #[test]
    fn a_failure_and_its_retry_are_two_attempts() {
        let mut failed = state_event(2, 1, 2_000, State::Retrying);
        if let EventBody::State { error, .. } = &mut failed.body {
            *error = Some("no route".to_owned());
        }
        let log = [
            state_event(1, 1, 1_000, State::Running),
            failed,
            state_event(3, 1, 3_000, State::Queued),
            state_event(4, 2, 3_500, State::Running),
        ];
        let found = attempts(&task(State::Running), &log);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].outcome, Outcome::Failed("no route".to_owned()));
        assert_eq!((found[1].number, &found[1].outcome), (2, &Outcome::Running));
    }

    #[test]
    fn a_killed_node_loses_its_attempt() {
        let mut lost = state_event(2, 1, 9_000, State::Queued);
        if let EventBody::State { reason, .. } = &mut lost.body {
            *reason = Some(StateReason::LeaseExpired);
        }
        let found = attempts(
            &task(State::Queued),
            &[state_event(1, 1, 1_000, State::Running), lost],
        );
        assert_eq!(found[0].outcome, Outcome::Lost);
    }

    #[test]
    fn a_request_to_stop_starts_no_attempt() {
        let mut asked = state_event(2, 1, 1_500, State::Running);
        if let EventBody::State { reason, .. } = &mut asked.body {
            *reason = Some(StateReason::CancelRequested);
        }
        let found = attempts(
            &task(State::Cancelled),
            &[
                state_event(1, 1, 1_000, State::Running),
                asked,
                state_event(3, 1, 1_900, State::Cancelled),
            ],
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].outcome, Outcome::Cancelled);
    }

    #[test]
    fn failures_older_than_the_log_are_not_forgotten() {
        let mut task = task(State::Running);
        task.errors = vec![failure(1, 1_000, "first")];
        let found = attempts(&task, &[state_event(90, 2, 9_000, State::Running)]);
        let numbers: Vec<_> = found.iter().map(|attempt| attempt.number).collect();
        assert_eq!(numbers, [1, 2]);
    }
}
