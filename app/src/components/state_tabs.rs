//! The states as tabs over a list, each with how many tasks it would show.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use glassworks_protocol::{State, StateCounts, TaskCounts};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{StateBadge, changing};
use crate::functions::load_tasks;
use crate::list_query::ListQuery;
use crate::live::{News, Topic, watch};

/// A link for each state, and one for all. `counts` are those of the list without its states, if
/// they are known; they are kept true.
#[component]
pub(crate) fn StateTabs(list: ListQuery, counts: RwSignal<Option<TaskCounts>>) -> impl IntoView {
    keep_true(&list, counts);
    let tabs: Vec<_> = [None]
        .into_iter()
        .chain(State::ALL.map(Some))
        .map(|state| tab(&list, state, counts))
        .collect();
    view! {
        <nav class="tabs" aria-label="Where tasks stand">
            <ul>{tabs}</ul>
        </nav>
    }
}

fn tab(list: &ListQuery, state: Option<State>, counts: RwSignal<Option<TaskCounts>>) -> AnyView {
    let states: Vec<State> = state.into_iter().collect();
    let chosen = &list.narrowed.filter.state;
    let is_current = state.map_or(chosen.is_empty(), |state| chosen.contains(&state));
    let href = list.in_states(states.clone()).url();
    let count = move || {
        counts
            .try_get()
            .flatten()
            .map(|counts| number(counts.of(&states)))
    };
    let name = match state {
        Some(state) => view! { <StateBadge state /> }.into_any(),
        None => view! { <span class="state">"all"</span> }.into_any(),
    };
    view! {
        <li>
            <a href=href aria-current=is_current.then_some("true")>
                {name} " " <span class="tab-count">{changing(count)}</span>
            </a>
        </li>
    }
    .into_any()
}

/// `4,812`, or `10,000+` where counting ended.
pub(crate) fn number((count, or_more): (u64, bool)) -> String {
    let digits = count.to_string();
    let mut number = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            number.push(',');
        }
        number.push(digit);
    }
    if or_more {
        number.push('+');
    }
    number
}

/// The server's figures come each second: when they have changed, these may have, too.
fn keep_true(list: &ListQuery, counts: RwSignal<Option<TaskCounts>>) {
    if counts.with_untracked(Option::is_none) {
        return;
    }
    let mut list = list.in_states(Vec::new());
    // The counts alone are asked for, and come with a list.
    list.page.limit = Some(1);
    let query = list.query();
    let seen: RefCell<Option<StateCounts>> = RefCell::new(None);
    let asking = Rc::new(Cell::new(false));
    let hear = move |news| {
        let News::Stats(stats) = news else { return };
        let changed = seen.borrow().is_none_or(|seen| seen != stats.tasks);
        if !changed || asking.replace(true) {
            return;
        }
        seen.replace(Some(stats.tasks));
        let (asking, query) = (Rc::clone(&asking), query.clone());
        spawn_local(async move {
            // What cannot be counted now is counted with the next figures.
            if let Ok(fresh) = load_tasks(query).await {
                let _ = counts.try_set(fresh.counts);
            }
            asking.set(false);
        });
    };
    watch(Topic::Stats, Box::new(hear));
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_commas_between_thousands() {
        for (count, shown) in [
            (0, "0"),
            (999, "999"),
            (4_812, "4,812"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(number((count, false)), shown);
        }
        assert_eq!(number((10_000, true)), "10,000+");
    }
}
