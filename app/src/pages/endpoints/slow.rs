//! A wait that holds up nobody, and its time limit.

use leptos::prelude::*;

use super::field::{Sort, field, typed};
use super::panel::{Form, Panel, Sent, send, stop};
use super::trial::{Trial, body};
use crate::components::origin;
use crate::curl;
use crate::functions::try_slow;

const PATH: &str = "/api/slow";

pub(super) fn panel() -> AnyView {
    let trial = Trial::new();
    let origin = origin();
    let equivalent = move |sent: &Sent| curl::get(&origin, PATH, sent, false);
    let command = RwSignal::new(equivalent(&vec![("seconds".to_owned(), "3".to_owned())]));
    let content = view! {
        <div class="trial-fields">
            {field("slow", "seconds", "seconds", Sort::Number("any"), "3", "How long to wait, from 0 to 60.")}
            {field("slow", "timeout", "timeout", Sort::Number("any"), "", "A time limit in seconds, from 0 to 60; none when empty.")}
        </div>
        <div class="trial-buttons">{send(trial, "Wait")} {stop(trial)}</div>
    }
    .into_any();
    let form = Form {
        action: PATH,
        method: "get",
        label: "Slow",
        content,
        send: Box::new(move |sent| {
            let call = try_slow(typed(&sent, "seconds"), typed(&sent, "timeout"));
            trial.send(body(call), Box::new(|_, _| ()));
        }),
        follow: Box::new(move |sent| command.set(equivalent(&sent))),
    };
    let lesson = view! {
        "Set the limit below the wait: the answer is 504, and the work is dropped where it awaits. See "
        <a href="/lab/timeout" rel="external">
            "what a limit cannot stop"
        </a>
        "."
    };
    Panel {
        id: "slow",
        title: "A wait and its time limit",
        route: "GET /api/slow",
        lesson: lesson.into_any(),
        forms: form.view(),
        command,
        command_name: "command that waits",
        trial,
        shown: ().into_any(),
        body: "answer to the wait",
    }
    .view()
}
