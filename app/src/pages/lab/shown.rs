//! One run: live while it lasts, and to be replayed after.

use glassworks_protocol::State;
use leptos::prelude::*;

use super::comparison::Comparison;
use super::experiment::OnPage;
use super::figures::{figures_table, lanes_table};
use super::picture::picture;
use super::replay::{Controls, Replay, wants_stillness};
use super::share::{by_hand, share};
use crate::components::{StateBadge, changing};
use crate::lab::{Chart, LabRun, run_path};
use crate::live::{News, Topic, watch};

/// The picture of a run, its figures, and what they say of the prediction.
#[component]
pub(super) fn Shown(run: LabRun, replay: Replay) -> impl IntoView {
    let OnPage { lesson, .. } = expect_context();
    let name = lesson.with_value(|lesson| lesson.experiment.name.clone());
    let of = run.experiment().unwrap_or_default();
    if of != name {
        let href = run_path(&of, run.task.id);
        return view! {
            <p class="quiet">
                "This is a run of another experiment: " <a href=href>{of}</a> "."
            </p>
        }
        .into_any();
    }
    let taken = share(&run, &name);
    let is_over = run.task.state.is_final();
    let run = RwSignal::new(run);
    let refused = RwSignal::new(None);
    if !is_over {
        follow(run, refused);
    }
    // Who wants no motion gets the picture when it is whole.
    let still = RwSignal::new(None);
    Effect::new(move |_| still.set(Some(wants_stillness())));
    let chart = Memo::new(move |_| run.with(Chart::of));
    let has_picture = Memo::new(move |_| {
        let is_over = run.with(|run| run.is_measured() || run.task.state.is_final());
        chart.with(|chart| !chart.variants.is_empty()) && (is_over || still.get() != Some(true))
    });
    let is_over =
        Memo::new(move |_| run.with(|run| run.is_measured() || run.task.state.is_final()));
    let drawn = move || {
        if has_picture.get() {
            picture(chart, replay.at.into())
        } else {
            ().into_any()
        }
    };
    let controls = move || {
        let is_possible = is_over.get() && has_picture.get() && still.read().is_some();
        if is_possible {
            view! { <Controls replay run chart /> }.into_any()
        } else {
            ().into_any()
        }
    };
    let tables = move || {
        if !is_over.get() {
            return ().into_any();
        }
        let figures = run.with(|run| figures_table(&run.servers));
        let lanes = chart.with(lanes_table);
        view! {
            <h3>"The figures"</h3>
            {figures}
            <details class="lab-fold">
                <summary>"The picture as a table"</summary>
                {lanes}
            </details>
        }
        .into_any()
    };
    view! {
        <div class="lab-now" role="status" aria-label="Run">
            {changing(move || now(run))}
        </div>
        <p class="problem" role="alert">
            {changing(move || refused.get())}
        </p>
        {changing(drawn)}
        {changing(controls)}
        <Comparison run />
        {changing(tables)}
        {by_hand(run)}
        {taken}
    }
    .into_any()
}

/// Keeps `run` up to date for as long as it is on the page.
fn follow(run: RwSignal<LabRun>, refused: RwSignal<Option<String>>) {
    let (id, after) = run.with_untracked(|run| (run.task.id, run.seen));
    let hear = move |news| match news {
        News::Task(task) => run.update(|run| run.replace(*task)),
        News::Events(events) => {
            run.update(|run| events.iter().for_each(|event| run.apply(event)));
        }
        News::Refused(problem) => refused.set(Some(problem.to_string())),
        News::End | News::Tasks { .. } | News::Reload | News::Stats(_) => {}
    };
    watch(Topic::Task { id, after }, Box::new(hear));
}

/// How it stands, in words.
fn now(run: RwSignal<LabRun>) -> AnyView {
    let (state, asked, words, cut) = run.with(|run| {
        let task = &run.task;
        let message = || task.progress.as_ref()?.message.clone();
        let words = match task.state {
            State::Queued => "It waits for a free worker.".to_owned(),
            State::Running if run.is_held() => {
                "All is measured. The servers stay up, so that you can try them by hand.".to_owned()
            }
            State::Running => {
                message().unwrap_or_else(|| "The servers are being asked.".to_owned())
            }
            State::Completed => run.phenomenon().unwrap_or_default(),
            State::Cancelled => "It was cancelled, so there is no result.".to_owned(),
            State::Failed | State::Retrying | State::Scheduled => task.error.as_ref().map_or_else(
                || "It waits for its time.".to_owned(),
                |error| error.message.clone(),
            ),
        };
        (task.state, task.cancel_requested, words, run.cut)
    });
    let cut =
        cut.then_some("The run had more to tell than its log keeps: the picture is not whole.");
    view! {
        <StateBadge state cancel_requested=asked />
        <p class="lab-text">{words}</p>
        <p class="quiet">{cut}</p>
    }
    .into_any()
}
