//! The first two steps: foretell, and run.

use std::time::Duration;

use glassworks_protocol::Problem;
use leptos::html::{Div, Section};
use leptos::leptos_dom::helpers::{document, set_timeout};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::experiment::OnPage;
use super::foretell::{Draft, Foretell};
use crate::access::may_submit;
use crate::components::{
    CodeBlock, FunctionForm, ProblemNote, changing, field_view, origin, typed_around, typed_in,
};
use crate::curl;
use crate::form::{Field, Typed, experiment_fields, experiment_task};
use crate::functions::RunExperiment;
use crate::lab::run_path;
use crate::query;
use crate::refused::Refused;

/// What is to be foretold, under which conditions it is run, and the button.
#[component]
pub(super) fn Conduct(is_here: bool) -> impl IntoView {
    let OnPage { lesson, notebook } = expect_context();
    let (name, predictions, fields) = lesson.with_value(|lesson| {
        let experiment = &lesson.experiment;
        (
            experiment.name.clone(),
            experiment.predictions.clone(),
            experiment_fields(&experiment.parameters),
        )
    });
    let draft = Draft::new(predictions.len());
    let foretell = NodeRef::<Section>::new();
    Effect::new(move |_| {
        if let Some(section) = foretell.get() {
            let held = typed_around(&section);
            lesson.with_value(|lesson| draft.take_up(&lesson.experiment.predictions, &held));
        }
    });
    let run = ServerAction::<RunExperiment>::new();
    let answer = run.value();
    let name = StoredValue::new(name);
    lead_to_run(run, name);

    let is_kept = move || {
        notebook
            .kept()
            .is_some_and(|kept| !kept.foretold.is_empty())
    };
    // Until the page is hydrated the button works, and leads to the run.
    let is_ready = move || notebook.kept().is_none() || is_kept() || draft.whole().is_some();
    let send = move |sent| {
        if run.pending().get_untracked() {
            return;
        }
        if !untrack(is_kept) {
            let Some((foretold, sure)) = untrack(move || draft.whole()) else {
                return;
            };
            notebook.note(|kept| {
                kept.foretold = foretold;
                kept.sure = Some(sure);
            });
        }
        run.dispatch(RunExperiment::of(name.get_value(), sent));
    };
    let problem = move || match answer.get() {
        Some(Err(Refused(problem))) => Some(*problem),
        _ => None,
    };
    let button = move || {
        if is_kept() {
            "Run it again"
        } else {
            "Keep my prediction and run it"
        }
        .to_owned()
    };
    let hint = move || {
        if is_ready() {
            ""
        } else {
            "First answer what is asked above, and say how sure you are. A wrong answer costs nothing: it is what you will remember."
        }
        .to_owned()
    };
    let running = if !is_here {
        view! { <p class="quiet">"This server runs no experiments: one started with " <code>"--lab on"</code> " does."</p> }.into_any()
    } else if may_submit() {
        view! {
            <Conditions fields=fields.clone() problem=Signal::derive(problem) />
            <button
                type="submit"
                class="primary"
                disabled=changing(move || !is_ready() || run.pending().get())
                aria-describedby="run-hint"
            >
                {changing(button)}
            </button>
            <p id="run-hint" class="quiet">
                {changing(hint)}
            </p>
        }
        .into_any()
    } else {
        view! { <p class="quiet">"Your key does not let you submit tasks, so you cannot run it. You can look at what others ran."</p> }.into_any()
    };
    let content = view! {
        <section aria-labelledby="foretell" node_ref=foretell>
            <h2 id="foretell">"1. Foretell what you will see"</h2>
            <Foretell predictions draft notebook />
        </section>
        <section aria-labelledby="run-it">
            <h2 id="run-it">"2. Run it"</h2>
            <input type="hidden" name="experiment" value=name.get_value() />
            {running}
        </section>
    }
    .into_any();
    view! {
        <div class="lab-conduct">
            <FunctionForm url=RunExperiment::url() send=Box::new(send) content />
        </div>
    }
}

/// Shows the run that was started: its address is the page's, and it comes into view.
fn lead_to_run(run: ServerAction<RunExperiment>, name: StoredValue<String>) {
    let OnPage { notebook, .. } = expect_context();
    let navigate = use_navigate();
    Effect::new(move |_| {
        let Some(Ok(id)) = run.value().get() else {
            return;
        };
        notebook.note(|kept| kept.ran = Some(id));
        let stay = NavigateOptions {
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&name.with_value(|name| run_path(name, id)), stay);
        // When what navigating changes has been drawn.
        set_timeout(show_heading, Duration::ZERO);
    });
}

fn show_heading() {
    let heading = document().get_element_by_id("happened");
    if let Some(heading) = heading.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
        let _ = heading.focus();
        heading.scroll_into_view();
    }
}

/// The parameters, folded away: each has a value that shows the point.
#[component]
fn Conditions(fields: Vec<Field>, problem: Signal<Option<Problem>>) -> impl IntoView {
    let OnPage { lesson, .. } = expect_context();
    let name = lesson.with_value(|lesson| lesson.experiment.name.clone());
    let asked: Typed = query::parse(&use_location().search.read_untracked())
        .into_iter()
        .filter(|(name, _)| name.starts_with("payload["))
        .collect();
    let is_changed = !asked.is_empty();
    let origin = origin();
    let fields = StoredValue::new((fields, asked));
    let equivalent = move |typed: &Typed| {
        let task = fields.with_value(|(fields, _)| experiment_task(&name, fields, typed).ok())?;
        Some(curl::submit(&origin, &task))
    };
    let command = fields.with_value(|(_, asked)| equivalent(asked));
    let command = RwSignal::new(command.unwrap_or_default());
    let follow = move |typed: Vec<(String, String)>| {
        if let Some(line) = equivalent(&typed.into_iter().collect()) {
            command.set(line);
        }
    };
    let conditions = NodeRef::<Div>::new();
    // Something may have been typed before the page was hydrated.
    Effect::new({
        let follow = follow.clone();
        move |_| {
            if let Some(conditions) = conditions.get() {
                follow(typed_around(&conditions));
            }
        }
    });
    let controls = move || {
        let errors = problem
            .get()
            .map(|problem| problem.errors)
            .unwrap_or_default();
        fields.with_value(|(fields, asked)| {
            let view = |field: &Field| {
                let typed = asked.get(&field.name).unwrap_or(&field.initial);
                field_view(field, typed, &errors)
            };
            fields.iter().map(view).collect::<Vec<_>>()
        })
    };
    let refused = move || match problem.get() {
        Some(problem) => view! { <ProblemNote problem /> }.into_any(),
        None => ().into_any(),
    };
    let shown = move || {
        let text = command.get();
        view! { <CodeBlock label="command that runs this experiment" text /> }.into_any()
    };
    view! {
        {changing(refused)}
        <details class="lab-fold" open=is_changed>
            <summary>"Under which conditions, and the same with curl"</summary>
            <div
                class="lab-conditions"
                node_ref=conditions
                on:input=move |event| follow(typed_in(&event))
            >
                {changing(controls)}
            </div>
            {changing(shown)}
        </details>
    }
}
