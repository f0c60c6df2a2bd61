//! States as numbers, as every store keeps them.

use glassworks_protocol::State;

/// A state as it is stored: its place in [`State::ALL`].
pub(crate) fn code(state: State) -> i16 {
    match state {
        State::Scheduled => 0,
        State::Queued => 1,
        State::Running => 2,
        State::Retrying => 3,
        State::Completed => 4,
        State::Failed => 5,
        State::Cancelled => 6,
    }
}

/// The state that is stored as `code`.
pub(crate) fn state(stored: i16) -> Option<State> {
    State::ALL.into_iter().find(|state| code(*state) == stored)
}
