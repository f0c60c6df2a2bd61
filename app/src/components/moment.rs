//! Times on a page: fixed and in UTC as the server wrote them, then kept relative to now.

use std::time::Duration;

use glassworks_protocol::{State, Timestamp};
use leptos::leptos_dom::helpers::set_interval;
use leptos::prelude::*;

use super::changing;
use crate::time::{duration, relative, running, utc};

/// The present, in the context of every component: none until the page is hydrated, because
/// server and browser must write the same HTML at first.
#[derive(Clone, Copy)]
pub(crate) struct Clock(RwSignal<Option<Timestamp>>);

impl Clock {
    /// Provides the clock, which stands still.
    pub(crate) fn provide() -> Self {
        let clock = Self(RwSignal::new(None));
        provide_context(clock);
        clock
    }

    /// Lets it tick, each second. In the browser only.
    pub(crate) fn start(self) {
        self.tick();
        set_interval(move || self.tick(), Duration::from_secs(1));
    }

    /// Now, to the second; none before hydration.
    pub(crate) fn now() -> Option<Timestamp> {
        use_context::<Self>().and_then(|clock| clock.0.get())
    }

    fn tick(self) {
        // Exact: a date in milliseconds is far below 2^53.
        #[expect(clippy::cast_possible_truncation)]
        let millis = js_sys::Date::now() as i64;
        self.0.set(Some(Timestamp::from_millis(millis)));
    }
}

/// A moment: `12 s ago`, with the exact time at hand.
#[component]
pub(crate) fn Moment(at: Timestamp) -> impl IntoView {
    let text = move || Clock::now().map_or_else(|| utc(at), |now| relative(at, now));
    view! { <time datetime=at.to_string() title=utc(at)>{changing(text)}</time> }
}

/// Since when a task in `state` runs, or has run to its end: one that waits for its next attempt
/// does neither, although it has been started before.
pub(crate) fn run_start(state: State, started_at: Option<Timestamp>) -> Option<Timestamp> {
    started_at.filter(|_| state == State::Running || state.is_final())
}

/// How long something took, or has taken until now. Empty as long as that is not known.
#[component]
pub(crate) fn Elapsed(
    /// When it began.
    from: Option<Timestamp>,
    /// When it ended, if it has.
    to: Option<Timestamp>,
) -> impl IntoView {
    let text = move || {
        let (Some(from), Some(until)) = (from, to.or_else(Clock::now)) else {
            return String::new();
        };
        let ms = u64::try_from(until.millis_since(from)).unwrap_or(0);
        if to.is_some() {
            duration(ms)
        } else {
            running(ms)
        }
    };
    view! { <span class="elapsed">{changing(text)}</span> }
}
