//! All schedules, and when each fires next.

use glassworks_protocol::{Schedule, Timestamp};
use leptos::prelude::*;
use uuid::Uuid;

use super::buttons::{Buttons, Refusal, changes};
use crate::access::may_administer;
use crate::components::{Moment, ReaderTime, changing, fresh};
use crate::form::schedule::queue_of;
use crate::functions::{Schedules, load_schedules};
use crate::refused::Refused;

/// All schedules.
#[component]
pub(super) fn ScheduleList(schedules: Vec<Schedule>) -> impl IntoView {
    let load = || async {
        match load_schedules(String::new()).await? {
            Schedules::All(schedules) => Ok::<_, Refused>(schedules),
            Schedules::One(_) => Ok(Vec::new()),
        }
    };
    let fresh = fresh(schedules, load);
    let changes = changes(move || fresh.again());
    let rows = fresh.value;
    let ids = move || rows.with(|rows| rows.iter().map(|it| it.id).collect::<Vec<_>>());
    let empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let nothing = move || {
        let words = "There are none. A schedule submits a task again and again, by a cron rule.";
        empty.get().then_some(words)
    };
    let new = may_administer().then(|| {
        view! {
            <a class="button" href="/schedules/new">
                "New schedule"
            </a>
        }
    });
    let row = move |id: Uuid| view! { <Row id rows changes /> };
    view! {
        <header class="page-head">
            <h1>"Schedules"</h1>
            {new}
        </header>
        <Refusal changes />
        <ul class="cards" aria-label="Schedules">
            <For each=ids key=|id| *id children=row />
        </ul>
        <p class="quiet">{changing(nothing)}</p>
    }
}

#[component]
fn Row(id: Uuid, rows: RwSignal<Vec<Schedule>>, changes: super::buttons::Changes) -> impl IntoView {
    let found = move || rows.with(|rows| rows.iter().find(|row| row.id == id).cloned());
    let paused = Signal::derive(move || found().is_some_and(|it| it.paused));
    let name = found().map(|it| it.task.kind).unwrap_or_default();
    let facts = move || found().map_or_else(|| ().into_any(), facts);
    view! {
        <li class="card">
            {changing(facts)} <Buttons id name paused changes />
        </li>
    }
}

fn facts(schedule: Schedule) -> AnyView {
    let queue = queue_of(&schedule.task).to_owned();
    let error = schedule.error;
    view! {
        <div class="card-facts">
            <h2>
                <a href=format!("/schedules/{}", schedule.id)>
                    <span class="kind">{schedule.task.kind}</span>
                </a>
                " "
                <code>{schedule.cron}</code>
            </h2>
            <p class="quiet">{format!("{}, queue {queue}", schedule.time_zone)}</p>
            <p class="card-now">{next(schedule.paused, schedule.next_fire_at)}</p>
            <p class="quiet">{last(schedule.last_fired_at)}</p>
            <p class="error-line">{error}</p>
        </div>
    }
    .into_any()
}

/// When it fires next.
pub(super) fn next(paused: bool, at: Option<Timestamp>) -> AnyView {
    match at {
        _ if paused => view! { <strong class="is-paused">"paused"</strong> }.into_any(),
        Some(at) => view! {
            <span>
                "fires " <Moment at /> " · " <ReaderTime at />
            </span>
        }
        .into_any(),
        None => view! { <span>"never fires again"</span> }.into_any(),
    }
}

/// When it fired last.
pub(super) fn last(at: Option<Timestamp>) -> AnyView {
    match at {
        Some(at) => view! { <span>"fired last " <Moment at /></span> }.into_any(),
        None => view! { <span>"has not fired yet"</span> }.into_any(),
    }
}
