//! The one table of states and transitions. Every change of a task's state goes through it.

use glassworks_protocol::State;

/// Something that happens to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transition {
    /// The moment it was scheduled for, or its retry, has come.
    Due,
    /// A node takes it and starts an attempt.
    Claim,
    /// Its attempt succeeded.
    Complete,
    /// Its attempt failed and another will follow after a wait.
    Backoff,
    /// Its attempt failed and no other will follow.
    Fail,
    /// Its attempt ended, or was lost, without a verdict: another follows at once.
    Requeue,
    /// Its attempt stopped because somebody asked it to.
    Stop,
    /// Somebody asks for it not to be done.
    Cancel,
    /// Somebody asks for it to be done now.
    Retry,
    /// It is forgotten, with its log.
    Delete,
}

impl Transition {
    /// Every transition.
    pub const ALL: [Self; 10] = [
        Self::Due,
        Self::Claim,
        Self::Complete,
        Self::Backoff,
        Self::Fail,
        Self::Requeue,
        Self::Stop,
        Self::Cancel,
        Self::Retry,
        Self::Delete,
    ];
}

/// Where a transition leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// To this state; to the same one when only a wish is noted.
    To(State),
    /// Out of the store.
    Gone,
}

/// All that may happen. What is not here is refused.
pub const TABLE: &[(State, Transition, Next)] = {
    use Next::{Gone, To};
    use State::{Cancelled, Completed, Failed, Queued, Retrying, Running, Scheduled};
    use Transition::{Backoff, Cancel, Claim, Complete, Delete, Due, Fail, Requeue, Retry, Stop};
    &[
        (Scheduled, Due, To(Queued)),
        (Scheduled, Cancel, To(Cancelled)),
        (Scheduled, Retry, To(Queued)),
        (Queued, Claim, To(Running)),
        (Queued, Cancel, To(Cancelled)),
        (Running, Complete, To(Completed)),
        (Running, Backoff, To(Retrying)),
        (Running, Fail, To(Failed)),
        (Running, Requeue, To(Queued)),
        (Running, Stop, To(Cancelled)),
        (Running, Cancel, To(Running)),
        (Retrying, Due, To(Queued)),
        (Retrying, Cancel, To(Cancelled)),
        (Retrying, Retry, To(Queued)),
        (Completed, Delete, Gone),
        (Failed, Retry, To(Queued)),
        (Failed, Delete, Gone),
        (Cancelled, Retry, To(Queued)),
        (Cancelled, Delete, Gone),
    ]
};

/// Where `transition` leads from `state`, or `None` where it is refused.
pub fn next(state: State, transition: Transition) -> Option<Next> {
    TABLE
        .iter()
        .find(|(from, by, _)| *from == state && *by == transition)
        .map(|(_, _, to)| *to)
}

#[cfg(test)]
mod tests {
    use super::{Next, TABLE, Transition, next};
    use glassworks_protocol::State;

    #[test]
    fn each_pair_stands_once() {
        for (index, (state, transition, _)) in TABLE.iter().enumerate() {
            assert!(
                !TABLE[..index]
                    .iter()
                    .any(|(s, t, _)| s == state && t == transition),
                "{state} by {transition:?} stands twice"
            );
        }
    }

    #[test]
    fn only_a_person_moves_a_final_task() {
        for state in State::ALL.into_iter().filter(|state| state.is_final()) {
            for transition in Transition::ALL {
                if let Some(next) = next(state, transition) {
                    assert!(
                        matches!(transition, Transition::Retry | Transition::Delete),
                        "{state} by {transition:?} leads to {next:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_unfinished_task_can_be_cancelled_and_none_deleted() {
        for state in State::ALL.into_iter().filter(|state| !state.is_final()) {
            assert!(next(state, Transition::Cancel).is_some(), "{state}");
            assert_eq!(next(state, Transition::Delete), None, "{state}");
        }
    }

    #[test]
    fn the_picture_in_the_architecture_is_this_table() {
        let picture = include_str!("../../ARCHITECTURE.md");
        let (_, picture) = picture.split_once("stateDiagram-v2\n").unwrap();
        let (picture, _) = picture.split_once("```").unwrap();
        let drawn: Vec<_> = picture.lines().map(str::trim).collect();
        let arrows = TABLE.iter().map(|(from, by, next)| {
            let to = match next {
                Next::To(state) => state.as_str(),
                Next::Gone => "[*]",
            };
            format!("{from} --> {to}: {}", format!("{by:?}").to_lowercase())
        });
        let begin = ["[*] --> scheduled: later", "[*] --> queued: now"].map(str::to_owned);
        assert_eq!(drawn, begin.into_iter().chain(arrows).collect::<Vec<_>>());
    }

    #[test]
    fn a_task_runs_only_by_a_claim() {
        let into_running: Vec<_> = TABLE
            .iter()
            .filter(|(from, _, to)| *to == Next::To(State::Running) && *from != State::Running)
            .map(|(from, by, _)| (*from, *by))
            .collect();
        assert_eq!(into_running, [(State::Queued, Transition::Claim)]);
    }
}
