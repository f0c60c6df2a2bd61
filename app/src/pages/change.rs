//! A change of many tasks: what it would do, the question whether it should, and how far it is.

use std::time::Duration;

use glassworks_protocol::{BulkAction, BulkProgress, State, TaskCounts};
use leptos::leptos_dom::helpers::{IntervalHandle, set_interval_with_handle};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use uuid::Uuid;

use crate::components::{CHANGE, FunctionForm, Page, ProblemNote, StateBadge, changing, number};
use crate::functions::{BeginChange, ManyChange, load_change};
use crate::list_query::ListQuery;
use crate::many::{Many, Meant};
use crate::refused::Refused;

/// How often the page asks how far the change is.
const PACE: Duration = Duration::from_millis(500);

/// The change that the URL's query asks for, or follows.
pub(super) fn page() -> AnyView {
    let location = use_location();
    // On the way to another page its query comes first, which is none of this page's.
    let search = Memo::new(move |before: Option<&String>| {
        let is_here = location.pathname.get() == CHANGE;
        let kept = before.filter(|_| !is_here).cloned();
        kept.unwrap_or_else(|| location.search.get())
    });
    view! {
        <Title text="Change tasks · Glassworks" />
        <Page wanted=move || search.get() load=load_change show=show />
    }
    .into_any()
}

fn show(query: String, found: ManyChange) -> AnyView {
    let back = back(&query);
    match found {
        ManyChange::Asked {
            change,
            action,
            counts,
        } => view! { <Question query change action counts back /> }.into_any(),
        ManyChange::Begun(progress) => view! { <Following query progress back /> }.into_any(),
        ManyChange::Unknown => view! {
            <h1>"Change tasks"</h1>
            <p>"Nothing is known here of this change: it ended long ago, or another node makes it."</p>
            <p>
                <a href=back>"Back to the list"</a>
            </p>
        }
        .into_any(),
    }
}

/// The list that the tasks were chosen from.
fn back(query: &str) -> String {
    let list = ListQuery::parse(query).unwrap_or_default();
    list.at(None).url()
}

#[component]
fn Question(
    query: String,
    change: Uuid,
    action: BulkAction,
    counts: Option<TaskCounts>,
    /// The list.
    back: String,
) -> impl IntoView {
    let changes = ServerAction::<BeginChange>::new();
    let answer = changes.value();
    let is_these = Many::parse(&query).is_ok_and(|many| many.meant != Meant::All);
    let allowed: Vec<State> = State::ALL
        .into_iter()
        .filter(|state| action.is_for(*state))
        .collect();
    let expected = counts.map(|counts| counts.of(&[]));
    let changed = counts.map(|counts| counts.of(&allowed));
    let nothing = changed.is_some_and(|(count, _)| count == 0);
    let words = match expected {
        None => {
            "However many tasks match: how many is known once all have been looked at.".to_owned()
        }
        Some((0, _)) if is_these => "No task is selected.".to_owned(),
        Some((0, _)) => "No task matches.".to_owned(),
        Some(expected) => {
            let matching = if is_these { "selected" } else { "that match" };
            format!("{} {matching}:", tasks(expected))
        }
    };
    let lines: Vec<_> = counts.map_or_else(Vec::new, |counts| {
        let some = |state: &State| counts.tasks.get(*state) > 0;
        let states = State::ALL.into_iter().filter(some);
        states
            .map(|state| line(action, state, counts.of(&[state])))
            .collect()
    });
    let name = match changed {
        Some(count) => format!("{} {}", verb(action), tasks(count)),
        None => format!("{} all that match", verb(action)),
    };
    let class = if action == BulkAction::Delete {
        "danger"
    } else {
        "primary"
    };
    let exact = expected
        .filter(|(_, or_more)| !or_more)
        .map(|(count, _)| count);
    let asked = query.clone();
    let send = move |_: Vec<(String, String)>| {
        // While it is on its way, another press means the same.
        if !changes.pending().get_untracked() {
            changes.dispatch(BeginChange {
                change,
                asked: asked.clone(),
                expected: exact,
            });
        }
    };
    let pending = changes.pending();
    let button = (!nothing).then(|| {
        view! {
            <button type="submit" class=class disabled=changing(move || pending.try_get() == Some(true))>
                {name}
            </button>
        }
    });
    let keep = if nothing {
        "Back to the list"
    } else {
        "Change nothing"
    };
    let content = view! {
        <input type="hidden" name="change" value=change.to_string() />
        <input type="hidden" name="asked" value=query />
        {exact.map(|exact| view! { <input type="hidden" name="expected" value=exact.to_string() /> })}
        <p class="change-actions">
            {button} <a href=back>{keep}</a>
        </p>
    }
    .into_any();
    let refused = move || match answer.try_get().flatten() {
        Some(Err(Refused(problem))) => view! { <ProblemNote problem=*problem /> }.into_any(),
        _ => ().into_any(),
    };
    let undone = (action == BulkAction::Delete && !nothing)
        .then(|| view! { <p>"What is deleted is gone, with its log and its output."</p> });
    view! {
        <h1>{format!("{} tasks?", verb(action))}</h1>
        <p>{words}</p>
        <ul class="change-lines">{lines}</ul>
        {undone}
        {changing(refused)}
        <FunctionForm url=BeginChange::url() send=Box::new(send) content />
    }
}

fn line(action: BulkAction, state: State, count: (u64, bool)) -> AnyView {
    let fate = match (action, state) {
        (action, state) if !action.is_for(state) => "passed over: their state forbids it",
        (BulkAction::Cancel, State::Running) => "asked to stop",
        (BulkAction::Cancel, _) => "cancelled at once",
        (BulkAction::Retry, _) => "due now",
        (BulkAction::Delete, _) => "deleted",
    };
    view! {
        <li>
            <strong>{number(count)}</strong> " " <StateBadge state /> " – " {fate}
        </li>
    }
    .into_any()
}

const fn verb(action: BulkAction) -> &'static str {
    match action {
        BulkAction::Cancel => "Cancel",
        BulkAction::Retry => "Retry",
        BulkAction::Delete => "Delete",
    }
}

fn tasks(count: (u64, bool)) -> String {
    let word = if count == (1, false) { "task" } else { "tasks" };
    format!("{} {word}", number(count))
}

/// How far it is, until it is over.
#[component]
fn Following(query: String, progress: BulkProgress, back: String) -> impl IntoView {
    let action = progress.action;
    let progress = RwSignal::new(progress);
    Effect::new(move |_| ask_on(query.clone(), progress));
    let shown = move || {
        progress.try_get().map_or_else(
            || ().into_any(),
            |progress| view! { <Progress progress /> }.into_any(),
        )
    };
    view! {
        <h1>{format!("{} tasks", verb(action))}</h1>
        {changing(shown)}
        <p>
            <a href=back>"Back to the list"</a>
        </p>
    }
}

#[component]
fn Progress(progress: BulkProgress) -> impl IntoView {
    let BulkProgress {
        action,
        expected,
        matched,
        changed,
        is_over,
        problem,
    } = progress;
    let passed_over = matched - changed;
    let done = match action {
        BulkAction::Cancel => "cancelled or asked to stop",
        BulkAction::Retry => "due now",
        BulkAction::Delete => "deleted",
    };
    let verb = if changed == 1 { "is" } else { "are" };
    let so_far = format!("{} {verb} {done}", tasks((changed, false)));
    let others = (passed_over > 0).then(|| {
        format!(
            "; {} passed over, as their state forbade it",
            number((passed_over, false))
        )
    });
    let end = if is_over { "." } else { " so far." };
    let bar = (!is_over).then(|| {
        let most = expected.filter(|most| *most >= matched && *most > 0);
        let value = most.map(|_| matched.to_string());
        let most = most.map_or_else(|| "1".to_owned(), |most| most.to_string());
        view! { <progress max=most value=value aria-label="Progress of the change"></progress> }
    });
    let ended_early = problem.map(|problem| {
        view! {
            <p>"It ended early; what was changed stays so:"</p>
            <ProblemNote problem />
        }
    });
    // Without scripts the page shows one moment.
    let reload = (!is_over).then(|| {
        view! {
            <noscript inner_html="<p>It goes on, whether this page is open or not. Reload it to see how far it is.</p>">
            </noscript>
        }
    });
    view! {
        {bar}
        <p class="change-so-far" role="status" aria-label="Progress">
            {so_far}
            {others}
            {end}
        </p>
        {ended_early}
        {reload}
    }
}

/// Asks how far it is, again and again until it is over or the page is left.
fn ask_on(query: String, progress: RwSignal<BulkProgress>) {
    if progress.with_untracked(|progress| progress.is_over) {
        return;
    }
    let timer: StoredValue<Option<IntervalHandle>> = StoredValue::new(None);
    let asking = StoredValue::new(false);
    let stop = move || {
        if let Some(Some(timer)) = timer.try_update_value(Option::take) {
            timer.clear();
        }
    };
    let ask = move || {
        if asking.try_update_value(|asking| std::mem::replace(asking, true)) != Some(false) {
            return;
        }
        let query = query.clone();
        spawn_local(async move {
            // A server that does not answer now is asked again.
            if let Ok(found) = load_change(query).await {
                match found {
                    ManyChange::Begun(now) => {
                        if now.is_over {
                            stop();
                        }
                        let _ = progress.try_set(now);
                    }
                    _ => stop(),
                }
            }
            let _ = asking.try_set_value(false);
        });
    };
    timer.set_value(set_interval_with_handle(ask, PACE).ok());
    on_cleanup(stop);
}
