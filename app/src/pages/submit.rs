//! Submit a task: pick a kind, fill in its form, and see the same thing as curl.

use glassworks_protocol::{FieldError, KindInfo};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use crate::components::{CodeBlock, FieldControl, ProblemNote, origin};
use crate::curl;
use crate::form::{Field, Form, Typed, new_task};
use crate::functions::{SubmitTask, load_kinds};
use crate::query;
use crate::refused::Refused;

/// The form of the kind that the URL's query names, filled in with what it says.
#[component]
pub(crate) fn SubmitPage() -> impl IntoView {
    let search = use_location().search;
    let kinds = Resource::new(|| (), |()| load_kinds());
    view! {
        <Title text="Submit · Glassworks" />
        <h1>"Submit a task"</h1>
        <Suspense fallback=|| {
            view! { <p class="loading">"Loading…"</p> }
        }>
            {move || {
                let asked = query::parse(&search.read());
                Suspend::new(async move {
                    match kinds.await {
                        Ok(kinds) => view! { <Chosen kinds asked /> }.into_any(),
                        Err(Refused(problem)) => view! { <ProblemNote problem=*problem /> }.into_any(),
                    }
                })
            }}
        </Suspense>
    }
}

#[component]
fn Chosen(kinds: Vec<KindInfo>, asked: Vec<(String, String)>) -> impl IntoView {
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
            let href = format!("/submit?{}", query::encode([("kind", info.kind.as_str())]));
            let is_current = current.as_ref() == Some(&info.kind);
            view! {
                <li>
                    <a href=href aria-current=is_current.then_some("true")>
                        <span class="kind">{info.kind}</span>
                        <span class="quiet">{info.description}</span>
                    </a>
                </li>
            }
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
}

#[component]
fn KindForm(info: KindInfo, typed: Typed) -> AnyView {
    let form = Form::of(&info);
    let typed = if typed.is_empty() {
        Typed::initial(&form)
    } else {
        typed
    };
    let submit = ServerAction::<SubmitTask>::new();
    let problem = Memo::new(move |_| match submit.value().get() {
        Some(Err(Refused(problem))) => Some(*problem),
        _ => None,
    });
    let errors = Signal::derive(move || {
        problem.with(|problem| {
            problem
                .as_ref()
                .map(|it| it.errors.clone())
                .unwrap_or_default()
        })
    });
    let now = RwSignal::new(typed.clone());
    let (command, incomplete) = equivalent(info.kind.clone(), form.clone(), now);
    let summary = {
        let form = form.clone();
        move || {
            problem.get().map(|mut problem| {
                let elsewhere: Vec<FieldError> = form
                    .errors_elsewhere(&problem.errors)
                    .into_iter()
                    .cloned()
                    .collect();
                // What is wrong stands at the fields; what they do not cover is listed here.
                if !problem.errors.is_empty() {
                    "Nothing was submitted".clone_into(&mut problem.title);
                    problem.detail = Some("See what is marked.".to_owned());
                }
                view! { <ProblemNote problem errors=elsewhere /> }
            })
        }
    };
    let controls = |fields: Vec<Field>| {
        fields
            .into_iter()
            .map(|field| {
                let typed = typed.get(&field.name).unwrap_or_default().to_owned();
                view! { <FieldControl field typed errors /> }
            })
            .collect::<Vec<_>>()
    };
    let options_open = form
        .options
        .iter()
        .any(|field| typed.get(&field.name).is_some_and(|text| !text.is_empty()));
    let payload = controls(form.payload);
    let options = controls(form.options);
    view! {
        <div class="submit-form">
            <p>{info.description}</p>
            <ActionForm action=submit on:input=move |event| now.set(typed_in(&event))>
                {summary}
                <input type="hidden" name="kind" value=info.kind.clone() />
                <fieldset>
                    <legend>"Payload"</legend>
                    {payload}
                </fieldset>
                <details open=options_open>
                    <summary>"Options"</summary>
                    <fieldset>
                        <legend class="visually-hidden">"Options"</legend>
                        {options}
                    </fieldset>
                </details>
                <button type="submit" class="primary" disabled=move || submit.pending().get()>
                    "Submit"
                </button>
            </ActionForm>
            <section aria-labelledby="curl" class="submit-curl">
                <h2 id="curl">"The same with curl"</h2>
                <CodeBlock label="command that submits this task" text=command />
                <p class="quiet">{incomplete}</p>
            </section>
        </div>
    }
    .into_any()
}

/// The command for what is typed now, and what it lacks while that is no task yet: the command
/// for the last that was.
fn equivalent(
    kind: String,
    form: Form,
    now: RwSignal<Typed>,
) -> (Signal<String>, Signal<&'static str>) {
    let origin = origin();
    let task = Memo::new(move |last: Option<&(_, bool)>| {
        match (now.with(|typed| new_task(&kind, &form, typed)), last) {
            (Ok(task), _) => (Some(task), true),
            (Err(_), Some((task, _))) => (task.clone(), false),
            (Err(_), None) => (None, false),
        }
    });
    let command = Signal::derive(move || {
        task.with(|(task, _)| task.as_ref().map(|task| curl::submit(&origin.read(), task)))
            .unwrap_or_default()
    });
    let incomplete = Signal::derive(move || {
        if task.with(|(_, whole)| *whole) {
            ""
        } else {
            "What is typed now is not complete."
        }
    });
    (command, incomplete)
}

/// What the form that `event` happened in holds now.
fn typed_in(event: &web_sys::Event) -> Typed {
    use wasm_bindgen::JsCast;
    let target = event
        .current_target()
        .and_then(|it| it.dyn_into::<web_sys::HtmlFormElement>().ok());
    let data = target.and_then(|form| web_sys::FormData::new_with_form(&form).ok());
    let mut pairs = Vec::new();
    for entry in data.iter().flat_map(web_sys::FormData::entries).flatten() {
        let entry = js_sys::Array::from(&entry);
        if let (Some(name), Some(value)) = (entry.get(0).as_string(), entry.get(1).as_string()) {
            pairs.push((name, value));
        }
    }
    pairs.into_iter().collect()
}
