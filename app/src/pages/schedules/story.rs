//! One schedule: what it will do, and what it has done.

use glassworks_protocol::{MissedFirings, Schedule, TaskId, TaskSummary};
use leptos::prelude::*;
use leptos_meta::Title;

use super::buttons::{Buttons, Refusal, changes};
use super::list::{last, next};
use crate::access::may_administer;
use crate::components::{
    CodeBlock, Firings, Moment, StateBadge, TaskLink, TaskRows, changing, fresh,
};
use crate::form::schedule::queue_of;
use crate::functions::{ScheduleStory, Schedules, load_schedules};
use crate::refused::Refused;

/// One schedule.
#[component]
pub(super) fn Story(story: ScheduleStory) -> impl IntoView {
    let id = story.schedule.id;
    let kind = story.schedule.task.kind.clone();
    let payload = story.schedule.task.payload.pretty();
    let before = story.clone();
    let load = move || {
        let before = before.clone();
        async move {
            match load_schedules(id.to_string()).await? {
                Schedules::One(story) => Ok::<_, Refused>(*story),
                Schedules::All(_) => Ok(before),
            }
        }
    };
    let rows = RwSignal::new(story.tasks.clone());
    let fresh = fresh(story, load);
    let changes = changes(move || fresh.again());
    let story = fresh.value;
    Effect::new(move |_| rows.set(story.with(|story| story.tasks.clone())));
    let paused = Signal::derive(move || story.with(|story| story.schedule.paused));
    let edit = may_administer().then(|| {
        view! {
            <a class="button" href=format!("/schedules/{id}/edit")>
                "Edit"
            </a>
        }
    });
    let none = Memo::new(move |_| rows.with(Vec::is_empty));
    let tasks = move || {
        if none.get() {
            view! { <p class="quiet">"None that is kept still."</p> }.into_any()
        } else {
            view! {
                <ul class="latest-tasks">
                    <TaskRows rows pick=all row />
                </ul>
            }
            .into_any()
        }
    };
    view! {
        <Title text=format!("Schedule of {kind} · Glassworks") />
        <p class="way-back">
            <a href="/schedules">"All schedules"</a>
        </p>
        <header class="page-head">
            <h1>
                "Schedule of " <span class="kind">{kind.clone()}</span>
            </h1>
            {edit}
            <Buttons id name=kind paused changes whole=true />
        </header>
        <Refusal changes />
        <p class="error-line">{changing(move || story.with(|story| story.schedule.error.clone()))}</p>
        <div class="page-columns">
            <section aria-labelledby="rule">
                <h2 id="rule">"Rule"</h2>
                {changing(move || story.with(|story| rule(&story.schedule)))}
                <h3>"Payload"</h3>
                <CodeBlock label="payload as JSON" text=payload />
            </section>
            <section aria-labelledby="firings">
                <h2 id="firings">"Next firings"</h2>
                {changing(move || {
                    let (zone, next) = story
                        .with(|story| (story.schedule.time_zone.clone(), story.firings.clone()));
                    view! { <Firings zone next /> }.into_any()
                })}
            </section>
        </div>
        <section aria-labelledby="latest">
            <h2 id="latest">"Latest tasks"</h2>
            {changing(tasks)}
        </section>
    }
}

fn rule(schedule: &Schedule) -> AnyView {
    let missed = match schedule.missed {
        MissedFirings::RunOnce => "One task for all firings that no node was there for.",
        MissedFirings::Skip => "Firings that no node was there for submit nothing.",
    };
    let overlap = match &schedule.task.unique_key {
        None => "A firing submits its task although the one before is unfinished.".to_owned(),
        Some(key) => format!(
            "A firing submits nothing while a task with the unique key {key} is unfinished."
        ),
    };
    let (cron, zone) = (schedule.cron.clone(), schedule.time_zone.clone());
    let queue = queue_of(&schedule.task).to_owned();
    view! {
        <dl class="facts">
            <dt>"Cron"</dt>
            <dd>
                <code>{cron}</code>
            </dd>
            <dt>"Time zone"</dt>
            <dd>{zone}</dd>
            <dt>"Queue"</dt>
            <dd>{queue}</dd>
            <dt>"Next"</dt>
            <dd>{next(schedule.paused, schedule.next_fire_at)}</dd>
            <dt>"Last"</dt>
            <dd>{last(schedule.last_fired_at)}</dd>
            <dt>"Missed"</dt>
            <dd>{missed}</dd>
            <dt>"Overlapping"</dt>
            <dd>{overlap}</dd>
        </dl>
    }
    .into_any()
}

fn all(rows: &[TaskSummary]) -> Vec<TaskId> {
    rows.iter().map(|row| row.id).collect()
}

fn row(task: TaskSummary) -> AnyView {
    view! {
        <li>
            <StateBadge state=task.state cancel_requested=task.cancel_requested />
            <TaskLink id=task.id kind=task.kind />
            <Moment at=task.created_at />
        </li>
    }
    .into_any()
}
