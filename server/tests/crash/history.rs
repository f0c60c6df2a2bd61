//! A task's log, read back: which histories are sound, and where they lead.
//!
//! Written from what the log promises and not from the engine's own table, so that a mistake there
//! shows here.

use anyhow::{Context as _, Result, bail, ensure};
use glassworks_protocol::{Event, EventBody, State, StateReason, Task};

/// What a log tells.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// `None` before the first event.
    state: Option<State>,
    attempt: u32,
    /// Asked to stop while it ran; no further attempt may follow.
    asked_to_stop: bool,
    /// Every attempt that failed, oldest first.
    pub(crate) failures: Vec<Failed>,
    /// What the latest attempt printed.
    pub(crate) output: String,
}

/// An attempt that failed.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) attempt: u32,
    pub(crate) message: String,
    /// The process that ran it was killed.
    pub(crate) lost: bool,
}

impl History {
    /// Reads the log of `task` up to where the task stood, and checks that this is where it leads.
    ///
    /// The log may have been read later than the task, and so go on.
    pub(crate) fn read(task: &Task, log: &[Event]) -> Result<Self> {
        let mut history = Self::default();
        for (event, seq) in log.iter().zip(1..) {
            ensure!(event.seq == seq, "seq {} stands at place {seq}", event.seq);
            ensure!(event.task_id == task.id, "seq {seq} is another task's");
            if seq <= task.last_seq {
                history
                    .follow(event)
                    .with_context(|| format!("at seq {seq}"))?;
            }
        }
        let length = log.len() as u64;
        ensure!(length >= task.last_seq, "the log ends at {length}");
        let over = task.state.is_final();
        ensure!(
            !over || length == task.last_seq,
            "the log goes on after the end"
        );
        history.leads_to(task)?;
        Ok(history)
    }

    fn follow(&mut self, event: &Event) -> Result<()> {
        let EventBody::State {
            state,
            reason,
            error,
            ..
        } = &event.body
        else {
            return self.record(event);
        };
        self.enter(*state, *reason, error.as_deref())?;
        ensure!(
            event.attempt == self.attempt,
            "the attempt is {}, not {}",
            event.attempt,
            self.attempt
        );
        Ok(())
    }

    /// Something that a run records: only the one attempt that runs may.
    fn record(&mut self, event: &Event) -> Result<()> {
        let runs = self.state == Some(State::Running);
        ensure!(
            runs && event.attempt == self.attempt,
            "attempt {} records while {:?} in attempt {}",
            event.attempt,
            self.state,
            self.attempt
        );
        if let EventBody::Output { text, .. } = &event.body {
            self.output.push_str(text);
        }
        Ok(())
    }

    fn enter(&mut self, to: State, reason: Option<StateReason>, error: Option<&str>) -> Result<()> {
        use State::{Cancelled, Completed, Failed, Queued, Retrying, Running, Scheduled};
        use StateReason::{CancelRequested, Due, LeaseExpired};
        match (self.state, to, reason, error) {
            (None, Scheduled | Queued, None, None)
            | (Some(Scheduled | Retrying), Queued, Some(Due), None)
            | (Some(Scheduled | Queued | Retrying), Cancelled, None, None)
            | (Some(Running), Completed, None, None) => {}
            (Some(Queued), Running, None, None) if !self.asked_to_stop => {
                self.attempt += 1;
                self.output.clear();
            }
            (Some(Running), Running, Some(CancelRequested), None) if !self.asked_to_stop => {
                self.asked_to_stop = true;
            }
            (Some(Running), Failed, None | Some(LeaseExpired), Some(message))
            | (Some(Running), Retrying, None, Some(message))
            | (Some(Running), Queued, Some(LeaseExpired), Some(message)) => {
                self.fail(message, reason);
            }
            (Some(Running), Cancelled, None | Some(LeaseExpired), _) if self.asked_to_stop => {
                if let Some(message) = error {
                    self.fail(message, reason);
                }
            }
            (from, ..) => bail!("from {from:?} to {to} by {reason:?} with error {error:?}"),
        }
        self.state = Some(to);
        Ok(())
    }

    fn fail(&mut self, message: &str, reason: Option<StateReason>) {
        self.failures.push(Failed {
            attempt: self.attempt,
            message: message.to_owned(),
            lost: reason == Some(StateReason::LeaseExpired),
        });
    }

    /// Checks that the task stands where its log leads.
    fn leads_to(&self, task: &Task) -> Result<()> {
        ensure!(
            (self.state, self.attempt) == (Some(task.state), task.attempt),
            "the log leads to {:?} in attempt {}",
            self.state,
            self.attempt
        );
        ensure!(
            !self.asked_to_stop || task.cancel_requested,
            "it has forgotten that it was asked to stop"
        );
        let told = self
            .failures
            .iter()
            .map(|f| (f.attempt, f.message.as_str()));
        let kept = task.errors.iter().map(|f| (f.attempt, f.message.as_str()));
        ensure!(told.eq(kept), "it keeps other failures than the log tells");
        ensure!(
            task.error.as_ref() == task.errors.last(),
            "its error is not the last of its errors"
        );
        ensure!(
            task.finished_at.is_some() == task.state.is_final(),
            "it has a wrong time of its end"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{Event, EventBody, State, StateReason, Task, TaskId, Timestamp};
    use serde_json::json;

    use super::History;

    const LOST: &str = "the process was killed";

    fn state(attempt: u32, state: State) -> (u32, EventBody) {
        (attempt, EventBody::state(state))
    }

    fn output(attempt: u32) -> (u32, EventBody) {
        (attempt, EventBody::output("line\n"))
    }

    fn lost(attempt: u32, state: State) -> (u32, EventBody) {
        let body = EventBody::State {
            state,
            reason: Some(StateReason::LeaseExpired),
            error: Some(LOST.to_owned()),
            run_at: None,
        };
        (attempt, body)
    }

    fn asked_to_stop(attempt: u32) -> (u32, EventBody) {
        let body = EventBody::State {
            state: State::Running,
            reason: Some(StateReason::CancelRequested),
            error: None,
            run_at: None,
        };
        (attempt, body)
    }

    fn log(entries: &[(u32, EventBody)]) -> Vec<Event> {
        let entry = |((attempt, body), seq): (&(u32, EventBody), u64)| Event {
            task_id: TaskId(uuid::Uuid::nil()),
            seq,
            attempt: *attempt,
            at: Timestamp::from_millis(0),
            body: body.clone(),
        };
        entries.iter().zip(1..).map(entry).collect()
    }

    /// A task where `log` leads, with a failure kept for each of the attempts `failed`.
    fn task(log: &[Event], state: State, failed: &[u32]) -> Task {
        let failure = |attempt: u32| json!({"message": LOST, "attempt": attempt, "at": Timestamp::from_millis(0), "ran_ms": 0});
        let errors: Vec<_> = failed.iter().copied().map(failure).collect();
        let attempt = log.last().map_or(0, |event| event.attempt);
        let task = json!({
            "id": TaskId(uuid::Uuid::nil()), "kind": "sleep", "queue": "default", "state": state,
            "payload": {}, "priority": 5, "tags": [], "attempt": attempt, "max_attempts": 5,
            "timeout_ms": 1, "run_at": Timestamp::from_millis(0),
            "created_at": Timestamp::from_millis(0), "started_at": null,
            "finished_at": state.is_final().then(|| Timestamp::from_millis(0)), "progress": null,
            "result": null, "error": errors.last(), "errors": errors, "cancel_requested": true,
            "unique_key": null, "schedule_id": null, "node": null, "last_seq": log.len(),
        });
        serde_json::from_value(task).unwrap()
    }

    /// What is wrong with a completed task of this log.
    fn fault(entries: &[(u32, EventBody)], failed: &[u32]) -> Option<String> {
        let log = log(entries);
        let task = task(&log, State::Completed, failed);
        History::read(&task, &log)
            .err()
            .map(|fault| format!("{fault:#}"))
    }

    fn killed_once() -> Vec<(u32, EventBody)> {
        vec![
            state(0, State::Queued),
            state(1, State::Running),
            output(1),
            lost(1, State::Queued),
            state(2, State::Running),
            output(2),
            state(2, State::Completed),
        ]
    }

    #[test]
    fn a_log_tells_what_failed_and_what_the_last_attempt_printed() {
        let log = log(&killed_once());
        let history = History::read(&task(&log, State::Completed, &[1]), &log).unwrap();
        assert_eq!(history.output, "line\n");
        let failures: Vec<_> = history
            .failures
            .iter()
            .map(|f| (f.attempt, f.lost))
            .collect();
        assert_eq!(failures, [(1, true)]);
    }

    #[test]
    fn a_task_may_have_been_read_before_its_log() {
        let log = log(&killed_once());
        let mut running = task(&log, State::Running, &[1]);
        (running.attempt, running.last_seq) = (2, 5);
        assert!(History::read(&running, &log).is_ok());
    }

    #[test]
    fn a_gap_is_seen() {
        let whole = log(&killed_once());
        for missing in 0..whole.len() - 1 {
            let mut gapped = whole.clone();
            gapped.remove(missing);
            let task = task(&whole, State::Completed, &[1]);
            assert!(History::read(&task, &gapped).is_err(), "{missing}");
        }
        let cut = &whole[..whole.len() - 1];
        assert!(History::read(&task(&whole, State::Completed, &[1]), cut).is_err());
    }

    #[test]
    fn two_attempts_at_once_are_seen() {
        let mut entries = killed_once();
        entries.insert(5, output(1));
        assert!(fault(&entries, &[1]).unwrap().contains("attempt 1 records"));
        let mut entries = killed_once();
        entries.remove(3);
        assert!(fault(&entries, &[]).unwrap().contains("from Some(Running)"));
    }

    #[test]
    fn an_attempt_that_is_not_counted_is_seen() {
        let mut entries = killed_once();
        for entry in &mut entries[4..] {
            entry.0 = 1;
        }
        assert!(fault(&entries, &[1]).unwrap().contains("the attempt is 1"));
    }

    #[test]
    fn a_failure_that_is_not_kept_is_seen() {
        assert!(fault(&killed_once(), &[]).unwrap().contains("failures"));
        assert!(fault(&killed_once(), &[1, 2]).unwrap().contains("failures"));
    }

    #[test]
    fn anything_after_the_end_is_seen() {
        for after in [
            output(2),
            state(2, State::Completed),
            state(3, State::Running),
        ] {
            let mut entries = killed_once();
            entries.push(after);
            assert!(fault(&entries, &[1]).is_some(), "{entries:?}");
        }
    }

    #[test]
    fn an_attempt_after_a_cancel_is_seen() {
        let mut entries = killed_once();
        entries.insert(2, asked_to_stop(1));
        assert!(fault(&entries, &[1]).unwrap().contains("from Some(Queued)"));
    }

    #[test]
    fn a_state_that_the_log_does_not_tell_is_seen() {
        let log = log(&killed_once());
        let task = task(&log, State::Failed, &[1]);
        let fault = History::read(&task, &log).unwrap_err().to_string();
        assert!(fault.contains("leads to Some(Completed)"), "{fault}");
    }
}
