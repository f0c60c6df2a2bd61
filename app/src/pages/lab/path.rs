//! `/lab`: the experiments in an order in which each stands on those before it, and how far
//! somebody has come.

use leptos::prelude::*;
use leptos_meta::Title;

use super::notebook::read;
use crate::components::{Page, changing};
use crate::functions::load_lab;
use crate::lab::{Kept, Listed, Path};

/// The path through the experiments.
pub(crate) fn page() -> AnyView {
    view! {
        <Title text="The lab · Glassworks" />
        <Page wanted=|| () load=|()| load_lab() show=show />
    }
    .into_any()
}

fn show((): (), path: Path) -> AnyView {
    let Path {
        is_here,
        experiments,
    } = path;
    // By their place. Empty until the page is hydrated: only the browser knows.
    let kept: RwSignal<Vec<Kept>> = RwSignal::new(Vec::new());
    let names: Vec<String> = experiments.iter().map(|one| one.name.clone()).collect();
    Effect::new(move |_| kept.set(names.iter().map(|name| read(name)).collect()));
    let count = experiments.len();
    let first = experiments.first().map(|one| one.name.clone());
    let steps: Vec<_> = experiments
        .into_iter()
        .enumerate()
        .map(|(place, one)| step(place, one, kept))
        .collect();
    let elsewhere = (!is_here).then(|| {
        view! {
            <p class="quiet">
                "This server runs no experiments: their texts can be read all the same. One started with "
                <code>"--lab on"</code> " does."
            </p>
        }
    });
    view! {
        <div class="lab">
            <h1>"The lab"</h1>
            <p class="lab-text">
                "Each experiment starts a real server, breaks it on purpose beside one that is right, and measures both. First you say what you expect; then you watch it happen; then you look at the lines that made the difference. It takes some minutes each, and nothing needs to be installed. "
                <a href="/learn" rel="external">
                    "The lessons"
                </a> " tell the same at length."
            </p>
            {elsewhere}
            <p role="status" class="lab-progress">
                {changing(move || progress(&kept.read(), count))}
            </p>
            {first.map(|name| changing(move || next(&kept.read(), &name)))}
            <ol class="lab-path">{steps}</ol>
        </div>
    }
    .into_any()
}

fn is_done(kept: &Kept) -> bool {
    let steps = kept.steps();
    steps.foretold && steps.ran && steps.explained
}

fn progress(kept: &[Kept], count: usize) -> String {
    if kept.is_empty() {
        return String::new();
    }
    let done = kept.iter().filter(|one| is_done(one)).count();
    format!("{done} of {count} done. What you have done is kept in this browser alone.")
}

/// The way into the lab for those who have not been there.
fn next(kept: &[Kept], first: &str) -> AnyView {
    let is_new = kept.iter().all(|one| *one == Kept::default());
    if !is_new {
        return ().into_any();
    }
    view! {
        <p>
            <a class="lab-start" href=format!("/lab/{first}")>
                "Start with the first experiment"
            </a>
        </p>
    }
    .into_any()
}

fn step(place: usize, one: Listed, kept: RwSignal<Vec<Kept>>) -> AnyView {
    let words = move || match kept.read().get(place) {
        Some(kept) => {
            let class = if is_done(kept) {
                "lab-step is-done"
            } else {
                "lab-step"
            };
            view! { <span class=class>{kept.steps().words()}</span> }.into_any()
        }
        None => ().into_any(),
    };
    view! {
        <li>
            <a href=format!("/lab/{}", one.name)>{one.title}</a>
            {changing(words)}
            <p inner_html=one.gist></p>
        </li>
    }
    .into_any()
}
