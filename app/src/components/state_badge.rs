//! A task's state: a colour, a word and a shape.

use glassworks_protocol::State;
use leptos::prelude::*;

/// The state's shape, on a grid of 16 by 16.
const fn shape(state: State) -> &'static str {
    match state {
        // A clock.
        State::Scheduled => "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 4.8V8l2.2 1.6",
        // A line of people.
        State::Queued => "M2.5 4.5h11M2.5 8h11M2.5 11.5h6",
        // On the move.
        State::Running => "M5 2.8l8 5.2-8 5.2z",
        // Once more.
        State::Retrying => "M13.2 8A5.2 5.2 0 1 1 11.4 4M13.4 1.6v3h-3",
        // A tick.
        State::Completed => "M2.5 8.6l3.7 3.7 7.3-8.1",
        // A cross.
        State::Failed => "M3.5 3.5l9 9M12.5 3.5l-9 9",
        // Struck out.
        State::Cancelled => "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM3.8 12.2l8.4-8.4",
    }
}

/// Colour, shape and word. A running task that was asked to stop says so.
#[component]
pub(crate) fn StateBadge(
    state: State,
    /// Whether it was asked to stop.
    #[prop(optional)]
    cancel_requested: bool,
) -> impl IntoView {
    let asked = cancel_requested && state == State::Running;
    let class = if asked {
        "state is-stopping".to_owned()
    } else {
        format!("state is-{state}")
    };
    let word = if asked {
        "asked to stop"
    } else {
        state.as_str()
    };
    view! {
        <span class=class data-state=state.as_str()>
            <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
                <path d=shape(state)></path>
            </svg>
            {word}
        </span>
    }
}
