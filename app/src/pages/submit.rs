//! Submit a task: pick a kind, fill in its form, and see the same thing as curl.

use glassworks_protocol::{KindInfo, Problem};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use crate::components::{
    CodeBlock, FunctionForm, Page, ProblemNote, changing, field_view, origin, typed_in,
};
use crate::curl;
use crate::form::{Field, Form, Typed, new_task};
use crate::functions::{SubmitTask, load_kinds};
use crate::query;
use crate::refused::Refused;

/// The form of the kind that the URL's query names, filled in with what it says.
pub(super) fn page() -> AnyView {
    view! {
        <Title text="Submit · Glassworks" />
        <h1>"Submit a task"</h1>
        <Page wanted=|| () load=|()| load_kinds() show=show />
    }
    .into_any()
}

fn show((): (), kinds: Vec<KindInfo>) -> AnyView {
    let search = use_location().search;
    changing(move || chosen(kinds.clone(), query::parse(&search.read()))).into_any()
}

/// The kinds, and the form of the one that was `asked` for; else of the first.
fn chosen(kinds: Vec<KindInfo>, asked: Vec<(String, String)>) -> AnyView {
    let name = asked
        .iter()
        .rev()
        .find(|(name, _)| name == "kind")
        .map(|(_, kind)| kind.as_str());
    let chosen = match name {
        Some(name) => kinds.iter().find(|info| info.kind == name),
        None => kinds.first(),
    };
    let current = chosen.map(|info| info.kind.clone());
    let form = match chosen {
        Some(info) => {
            let typed: Typed = asked
                .into_iter()
                .filter(|(name, _)| name.contains('['))
                .collect();
            view! { <KindForm info=info.clone() typed /> }.into_any()
        }
        None => view! { <p class="quiet">"This server has no such kind."</p> }.into_any(),
    };
    let links: Vec<_> = kinds
        .into_iter()
        .map(|info| {
            let is_current = current.as_ref() == Some(&info.kind);
            kind_link(info, is_current)
        })
        .collect();
    view! {
        <div class="submit">
            <nav aria-label="Kinds">
                <ul class="kinds">{links}</ul>
            </nav>
            {form}
        </div>
    }
    .into_any()
}

fn kind_link(info: KindInfo, is_current: bool) -> AnyView {
    let href = format!("/submit?{}", query::encode([("kind", info.kind.as_str())]));
    view! {
        <li>
            <a href=href aria-current=is_current.then_some("true")>
                <span class="kind">{info.kind}</span>
                <span class="quiet">{info.description}</span>
            </a>
        </li>
    }
    .into_any()
}

#[component]
fn KindForm(info: KindInfo, typed: Typed) -> impl IntoView {
    let form = Form::of(&info);
    let typed = if typed.is_empty() {
        Typed::initial(&form)
    } else {
        typed
    };
    let submit = ServerAction::<SubmitTask>::new();
    let answer = submit.value();
    let problem = move || match answer.get() {
        Some(Err(Refused(problem))) => Some(*problem),
        _ => None,
    };

    let origin = origin();
    let kind = info.kind.clone();
    let equivalent = {
        let (form, kind) = (form.clone(), kind.clone());
        move |typed: &Typed| Some(curl::submit(&origin, &new_task(&kind, &form, typed).ok()?))
    };
    let command = equivalent(&typed);
    let complete = RwSignal::new(command.is_some());
    let command = RwSignal::new(command.unwrap_or_default());
    let follow = move |event| {
        let typed = typed_in(&event).into_iter().collect();
        let equivalent = equivalent(&typed);
        complete.set(equivalent.is_some());
        if let Some(equivalent) = equivalent {
            command.set(equivalent);
        }
    };

    let shown = move || {
        let text = command.get();
        view! { <CodeBlock label="command that submits this task" text /> }.into_any()
    };
    let note = move || {
        if complete.get() {
            ""
        } else {
            "What is typed now is not complete yet."
        }
        .to_owned()
    };

    let is_set = |field: &Field| typed.get(&field.name).is_some_and(|text| !text.is_empty());
    let options_open = form.options.iter().any(is_set);
    let form = StoredValue::new((form, typed));
    let summary = move || match problem() {
        Some(problem) => form.with_value(|(form, _)| summary(form, problem)),
        None => ().into_any(),
    };
    let controls = move |fields: fn(&Form) -> &[Field]| {
        let errors = problem().map(|problem| problem.errors).unwrap_or_default();
        form.with_value(|(form, typed)| {
            let view = |field: &Field| {
                field_view(field, typed.get(&field.name).unwrap_or_default(), &errors)
            };
            fields(form).iter().map(view).collect::<Vec<_>>()
        })
    };
    let send = move |sent| {
        // However often it is pressed, one task: until it is refused, or has led to its page.
        let is_sent = answer.with_untracked(|answer| matches!(answer, Some(Ok(_))));
        if !is_sent && !submit.pending().get_untracked() {
            submit.dispatch(SubmitTask::of(sent));
        }
    };
    let content = view! {
        {changing(summary)}
        <input type="hidden" name="kind" value=kind />
        <fieldset>
            <legend>"Payload"</legend>
            {changing(move || controls(|form| &form.payload))}
        </fieldset>
        <details open=options_open>
            <summary>"Options"</summary>
            <fieldset>
                <legend class="visually-hidden">"Options"</legend>
                {changing(move || controls(|form| &form.options))}
            </fieldset>
        </details>
        <button type="submit" class="primary">
            "Submit"
        </button>
    }
    .into_any();
    view! {
        <div class="submit-form">
            <p>{info.description}</p>
            <div on:input=follow>
                <FunctionForm url=SubmitTask::url() send=Box::new(send) content />
            </div>
            <section aria-labelledby="curl" class="submit-curl">
                <h2 id="curl">"The same with curl"</h2>
                {changing(shown)}
                <p class="quiet">{changing(note)}</p>
            </section>
        </div>
    }
}

/// What is wrong beside what is said at the fields.
fn summary(form: &Form, mut problem: Problem) -> AnyView {
    // What is wrong stands at the fields; what they do not cover is listed here.
    if !problem.errors.is_empty() {
        "Nothing was submitted".clone_into(&mut problem.title);
        problem.detail = Some("See what is marked.".to_owned());
    }
    problem.errors = form
        .errors_elsewhere(&problem.errors)
        .into_iter()
        .cloned()
        .collect();
    view! { <ProblemNote problem /> }.into_any()
}
