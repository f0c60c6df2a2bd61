//! `/lab/{experiment}`: foretell, run, compare, and say why. `?run=` shows one run, so that its
//! address can be shared.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};

use super::code::{compiler, differences};
use super::conduct::Conduct;
use super::notebook::Notebook;
use super::others::Others;
use super::run::Runs;
use super::text;
use super::words::OwnWords;
use crate::components::Page;
use crate::functions::load_lesson;
use crate::lab::{Lesson, Listed};
use crate::query;

/// The page of the experiment that the path names.
pub(crate) fn page() -> AnyView {
    let params = use_params_map();
    let run = run_in_address();
    // The page follows the experiment alone: when the address comes to name another run, that one
    // is drawn in its place, and what somebody has typed or chosen stays as it is.
    let wanted = move || {
        let name = params.with(|params| params.get("experiment").unwrap_or_default());
        (name, untrack(run))
    };
    view! { <Page wanted load=|(name, run)| load_lesson(name, run) show=show /> }.into_any()
}

/// Gives the id of the run that the address names, as it stands there; empty when it names none.
pub(super) fn run_in_address() -> impl Fn() -> String + Copy + Send + Sync + 'static {
    let search = use_location().search;
    move || {
        let pairs = query::parse(&search.read()).into_iter();
        let mut named = pairs.rev().filter(|(name, _)| name == "run");
        named.next().map(|(_, id)| id).unwrap_or_default()
    }
}

/// The lesson of the page, in the context of its parts.
#[derive(Clone, Copy)]
pub(super) struct OnPage {
    /// The lesson.
    pub(super) lesson: StoredValue<Lesson>,
    /// What its reader has done with it.
    pub(super) notebook: Notebook,
}

/// Every experiment has elements of its own: those of another, drawn in place, would keep what was
/// typed into them.
fn show((name, run): (String, String), lesson: Lesson) -> AnyView {
    let shown = StoredValue::new(Some((run, lesson)));
    let one = move |name: String| match shown.try_update_value(Option::take).flatten() {
        Some((run, lesson)) => experiment(&name, run, lesson),
        None => ().into_any(),
    };
    view! { <For each=move || [name.clone()] key=String::clone children=one /> }.into_any()
}

fn experiment(name: &str, run: String, mut lesson: Lesson) -> AnyView {
    let notebook = Notebook::open(name);
    let asked = lesson.asked.take();
    let lesson = StoredValue::new(lesson);
    provide_context(OnPage { lesson, notebook });
    let Lesson {
        experiment,
        place,
        before,
        after,
        is_here,
        runs,
        ..
    } = lesson.get_value();
    view! {
        <Title text=format!("{} · Glassworks", experiment.title) />
        <article class="lab">
            <p class="quiet">
                <a href="/lab">"The lab"</a>
                {format!(", experiment {place}")}
            </p>
            <h1>{experiment.title}</h1>
            {text(experiment.question)}
            <Conduct is_here />
            <section id="run" class="lab-run" aria-labelledby="happened">
                <h2 id="happened" tabindex="-1">
                    "3. Watch what happens"
                </h2>
                <Runs named=run first=asked />
            </section>
            <section aria-labelledby="difference">
                <h2 id="difference">"4. Find the lines that made the difference"</h2>
                {text(experiment.difference)}
                {differences(experiment.variants)}
                {compiler(experiment.compiler)}
            </section>
            <section aria-labelledby="why">
                <h2 id="why">"5. Say why"</h2>
                <details class="lab-fold">
                    <summary>"Why it is so: read it when you have seen a run"</summary>
                    {text(experiment.explanation)}
                </details>
                <OwnWords
                    id="own-why"
                    asked=experiment.why
                    answer=experiment.why_answer
                    read=|kept| kept.why.clone()
                    write=|kept, text| kept.why = text
                />
                <h3>"Explain it in your own words"</h3>
                <OwnWords
                    id="own-words"
                    asked=experiment.explain
                    answer=experiment.model
                    read=|kept| kept.words.clone()
                    write=|kept, text| kept.words = text
                />
            </section>
            <section aria-labelledby="go-on">
                <h2 id="go-on">"Go on"</h2>
                {text(experiment.exercise)}
                <nav class="lab-ways" aria-label="Experiments">
                    {before.map(|one| way(one, "prev"))}
                    {after.map(|one| way(one, "next"))}
                </nav>
            </section>
            <Others runs />
        </article>
    }
    .into_any()
}

fn way(one: Listed, rel: &'static str) -> AnyView {
    let (left, right) = match rel {
        "prev" => ("← ", ""),
        _ => ("", " →"),
    };
    view! {
        <a rel=rel href=format!("/lab/{}", one.name)>
            {left}
            {one.title}
            {right}
        </a>
    }
    .into_any()
}
