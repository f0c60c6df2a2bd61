//! Three services that are asked at the same time: bars that fill while they answer.

use glassworks_protocol::Asking;
use leptos::prelude::*;

use super::panel::{Form, Panel, send, stop};
use super::trial::{Trial, body};
use crate::components::{changing, origin};
use crate::curl;
use crate::functions::try_aggregate;
use crate::json;
use crate::trial::{Bar, Course, Lines, Waterfall, span};

const PATH: &str = "/api/aggregate";
/// What a bar and its label take, in pixels.
const ROW: usize = 34;

pub(super) fn panel() -> AnyView {
    let trial = Trial::new();
    let fall = RwSignal::new(Waterfall::default());
    let content = view! {
        <div class="trial-buttons">{send(trial, "Ask all three")} {stop(trial)}</div>
    };
    let form = Form {
        action: PATH,
        method: "get",
        label: "Aggregate",
        content: content.into_any(),
        send: Box::new(move |_| ask(trial, fall)),
        follow: Box::new(|_| ()),
    };
    let lesson = view! {
        "The bars begin together, and all of it takes as long as the longest, not the sum. This page is told of each answer as it comes; the route answers when it has all. See "
        <a href="/lab/fan-out" rel="external">
            "in a row, all at once, a few at a time"
        </a>
        "."
    };
    Panel {
        id: "aggregate",
        title: "Several services at the same time",
        route: "GET /api/aggregate",
        lesson: lesson.into_any(),
        forms: form.view(),
        command: RwSignal::new(curl::get(&origin(), PATH, &[], false)),
        command_name: "command that asks the services",
        trial,
        shown: changing(move || fall.with(|fall| waterfall(fall, trial))).into_any(),
        body: "answers of the services",
    }
    .view()
}

fn ask(trial: Trial, fall: RwSignal<Waterfall>) {
    if trial.course.with_untracked(Course::is_under_way) {
        return;
    }
    fall.set(Waterfall::default());
    let mut lines = Lines::default();
    let hear = move |text: &str, at| {
        for line in lines.push(text) {
            if let Ok(heard) = json::read::<Asking>(&line) {
                let _ = fall.try_update(|fall| fall.hear(heard, at));
            }
        }
    };
    trial.send(body(try_aggregate()), Box::new(hear));
}

/// A picture for those who see it, and the same as a table.
fn waterfall(fall: &Waterfall, trial: Trial) -> AnyView {
    if fall.bars.is_empty() {
        return ().into_any();
    }
    let height = (fall.bars.len() * ROW).to_string();
    let bars: Vec<_> = fall
        .bars
        .iter()
        .enumerate()
        .map(|(row, bar)| drawn(row, bar, fall, trial))
        .collect();
    let rows: Vec<_> = fall.bars.iter().map(row).collect();
    view! {
        <svg class="waterfall" width="100%" height=height aria-hidden="true">
            {bars}
        </svg>
        <table class="waterfall-table">
            <caption class="visually-hidden">"Services, in the order in which they were asked"</caption>
            <thead>
                <tr>
                    <th scope="col">"Service"</th>
                    <th scope="col">"Asked after"</th>
                    <th scope="col">"Answered after"</th>
                    <th scope="col">"What it said"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

/// A bar. One without an answer grows with time, and does not when the asking has ended.
fn drawn(row: usize, bar: &Bar, fall: &Waterfall, trial: Trial) -> AnyView {
    let top = row * ROW;
    let (bar, fall) = (bar.clone(), fall.clone());
    let class = if bar.to.is_some() {
        "bar is-answered"
    } else {
        "bar"
    };
    let label = bar.to.map_or_else(
        || bar.source.clone(),
        |to| format!("{}, {}", bar.source, span(to)),
    );
    let at = move || {
        let now = trial.elapsed.get();
        bar.place(now, fall.axis(now))
    };
    let from = at.clone();
    view! {
        <text x="0" y=(top + 13).to_string()>
            {label}
        </text>
        <rect
            class=class
            x=changing(move || from().0)
            width=changing(move || at().1)
            y=(top + 18).to_string()
            height="9"
            rx="2"
        />
    }
    .into_any()
}

fn row(bar: &Bar) -> AnyView {
    view! {
        <tr>
            <th scope="row">{bar.source.clone()}</th>
            <td>{span(bar.from)}</td>
            <td>{bar.to.map_or_else(|| "not yet".to_owned(), span)}</td>
            <td>{bar.data.clone()}</td>
        </tr>
    }
    .into_any()
}
