//! The endpoints that answer at once.

use leptos::prelude::*;

use super::panel::{Form, Panel, stop};
use super::trial::{Trial, body};
use crate::components::{changing, origin};
use crate::curl;
use crate::functions::{Endpoint, try_answer};
use crate::trial::Course;

pub(super) fn panel() -> AnyView {
    let trial = Trial::new();
    let command = RwSignal::new(equivalent(Endpoint::Hello));
    let asks = Endpoint::ALL.map(|endpoint| ask(trial, endpoint, command));
    let forms = view! {
        <div class="trial-buttons">
            {asks.into_iter().collect::<Vec<_>>()}
            {stop(trial)}
        </div>
    };
    let lesson = view! {
        "Nothing is waited for, so the first byte comes with the last, also while the others here are under way. Only "
        <code>"/readyz"</code>
        " asks the store, and proves that it can commit. See "
        <a href="/lab/blocking" rel="external">
            "what one blocking handler does to the rest"
        </a>
        "."
    };
    Panel {
        id: "hello",
        title: "Hello and health",
        route: "GET /api/hello",
        lesson: lesson.into_any(),
        forms: forms.into_any(),
        command,
        command_name: "command for a short answer",
        trial,
        shown: ().into_any(),
        body: "short answer",
    }
    .view()
}

/// A form that asks for one endpoint: a button.
fn ask(trial: Trial, endpoint: Endpoint, command: RwSignal<String>) -> AnyView {
    let busy = move || trial.course.with(Course::is_under_way);
    let content = view! {
        <button type="submit" aria-disabled=changing(move || busy().to_string())>
            {endpoint.path()}
        </button>
    };
    let send = move |_| {
        if !trial.course.with_untracked(Course::is_under_way) {
            command.set(equivalent(endpoint));
            trial.send(body(try_answer(endpoint)), Box::new(|_, _| ()));
        }
    };
    Form {
        action: endpoint.path(),
        method: "get",
        label: endpoint.path(),
        content: content.into_any(),
        send: Box::new(send),
        follow: Box::new(|_| ()),
    }
    .view()
}

fn equivalent(endpoint: Endpoint) -> String {
    curl::get(&origin(), endpoint.path(), &[], false)
}
