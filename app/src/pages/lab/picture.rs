//! The time line: every variant on one axis, up to a moment.

use leptos::prelude::*;

use crate::components::changing;
use crate::lab::{Chart, Lane, Part, Variant, WIDE, across, milliseconds, path, ticks};

/// What is drawn means, in the order of what becomes of a request.
const LEGEND: [(Part, &str); 6] = [
    (Part::Waiting, "sent, and the server has not looked at it"),
    (Part::Working, "in its handler"),
    (Part::Returning, "the answer is on its way"),
    (Part::Failed, "no good answer"),
    (Part::Beating, "a heartbeat: its threads wake up"),
    (Part::Silent, "silence: they do not"),
];

/// The picture; all of it when `at` is none.
pub(super) fn picture(chart: Memo<Chart>, at: Signal<Option<f64>>) -> AnyView {
    let drawn = move || {
        let at = at.get();
        chart.with(|chart| draw(chart, at))
    };
    let moved = move || {
        chart
            .with(|chart| chart.moved)
            .then_some("They ran one after the other; each is drawn from its own beginning.")
    };
    let legend: Vec<_> = LEGEND
        .iter()
        .map(|(part, words)| {
            view! {
                <li>
                    <svg width="16" height="12" viewBox="0 0 16 12" aria-hidden="true">
                        <path class=part.class() d=sample(*part) />
                    </svg>
                    {*words}
                </li>
            }
        })
        .collect();
    view! {
        <figure class="lab-picture" aria-label="Time line of all variants">
            {changing(drawn)}
            <figcaption>
                <ul class="legend">{legend}</ul>
                <p class="quiet">{changing(moved)}</p>
            </figcaption>
        </figure>
    }
    .into_any()
}

fn sample(part: Part) -> &'static str {
    match part {
        Part::Waiting | Part::Returning => "M0 4h16v4h-16z",
        Part::Working | Part::Silent => "M0 0h16v12h-16z",
        Part::Failed => "M7 0h3v12h-3z",
        Part::Beating => "M0 3h16v6h-16z",
    }
}

fn draw(chart: &Chart, at: Option<f64>) -> AnyView {
    let length = chart.length_ms;
    let until = at.unwrap_or(f64::INFINITY);
    let head = at.map(|at| across(at, length));
    let variants: Vec<_> = chart
        .variants
        .iter()
        .map(|one| variant(one, length, until, head))
        .collect();
    let ticks: Vec<_> = ticks(length)
        .into_iter()
        .map(|tick| {
            let place = across(tick, length) / 100;
            let anchor = match place {
                0..4 => "start",
                4..95 => "middle",
                _ => "end",
            };
            view! {
                <text x=format!("{place}%") y="13" text-anchor=anchor>
                    {axis_words(tick)}
                </text>
            }
        })
        .collect();
    view! {
        <div class="lab-chart">
            {variants}
            <div class="lane" aria-hidden="true">
                <span class="lane-name">"since its beginning"</span>
                <svg class="lane-axis" height="18">
                    {ticks}
                </svg>
            </div>
        </div>
    }
    .into_any()
}

/// The axis's moments are round: digits after the point that say nothing are left out.
fn axis_words(ms: f64) -> String {
    let words = milliseconds(ms);
    match words.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            let number = number.trim_end_matches('0').trim_end_matches('.');
            format!("{number} {unit}")
        }
        _ => words,
    }
}

fn variant(variant: &Variant, length: f64, until: f64, head: Option<u32>) -> AnyView {
    let lanes: Vec<_> = variant
        .lanes
        .iter()
        .map(|one| lane(one, length, until, head))
        .collect();
    view! {
        <section class="chart-variant">
            <h3>
                <span class="kind">{variant.name.clone()}</span>
                " "
                <span class="quiet">{variant.title.clone()}</span>
            </h3>
            {lanes}
        </section>
    }
    .into_any()
}

fn lane(lane: &Lane, length: f64, until: f64, head: Option<u32>) -> AnyView {
    let height = lane.height;
    let parts: Vec<_> = Part::ALL
        .into_iter()
        .map(|part| {
            let d = path(&lane.bars, part, length, until);
            view! { <path class=part.class() d=d /> }
        })
        .collect();
    // What has not been heard of for long is told before it is over.
    let overdue = lane.overdue_from.filter(|from| *from < until).map(|from| {
        let left = across(from, length);
        let width = across(until, length).saturating_sub(left);
        view! { <path class="part-overdue" d=format!("M{left} 0h{width}v{height}h-{width}z") /> }
    });
    let silence = lane
        .silence
        .filter(|(start, span)| start + span <= until && *span * 8.0 > length)
        .map(|(start, span)| {
            let place = across(start + span / 2.0, length) / 100;
            view! {
                <text class="silence" x=format!("{place}%") y="10" text-anchor="middle">
                    {format!("silent for {}", milliseconds(span))}
                </text>
            }
        });
    let grid: Vec<_> = ticks(length)
        .into_iter()
        .map(|tick| format!("M{} 0V{height}", across(tick, length)))
        .collect();
    let head = head.map(|head| {
        view! { <path class="chart-head" d=format!("M{head} 0V{height}") /> }
    });
    let class = if lane.is_heartbeat {
        "lane is-heartbeat"
    } else {
        "lane"
    };
    view! {
        <div class=class>
            <span class="lane-name">{lane.track.clone()}</span>
            <svg class="lane-bars" height=height aria-hidden="true">
                <svg
                    viewBox=format!("0 0 {WIDE} {height}")
                    preserveAspectRatio="none"
                    width="100%"
                    height=height
                >
                    <path class="chart-grid" d=grid.concat() />
                    {parts}
                    {overdue}
                    {head}
                </svg>
                {silence}
            </svg>
        </div>
    }
    .into_any()
}
