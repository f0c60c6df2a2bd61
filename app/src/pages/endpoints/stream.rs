//! Text that is sent as soon as it is made.

use leptos::prelude::*;

use super::field::{Sort, field, typed};
use super::panel::{Form, Panel, Sent, send, stop};
use super::trial::{Trial, body};
use crate::components::origin;
use crate::curl;
use crate::functions::try_stream;

const PATH: &str = "/api/stream";
/// What the form begins with.
const FIRST: [(&str, &str); 3] = [("count", "10"), ("interval_ms", "500"), ("word", "Číslo №")];

pub(super) fn panel() -> AnyView {
    let trial = Trial::new();
    let origin = origin();
    let equivalent = move |sent: &Sent| curl::get(&origin, PATH, sent, true);
    let first = FIRST.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let command = RwSignal::new(equivalent(&first.into()));
    let [(_, count), (_, interval), (_, word)] = FIRST;
    let content = view! {
        <div class="trial-fields">
            {field("stream", "count", "count", Sort::Number("1"), count, "How many lines, from 1 to 10,000.")}
            {field("stream", "interval_ms", "interval_ms", Sort::Number("1"), interval, "From one to the next, 0 to 60,000.")}
            {field("stream", "word", "word", Sort::Text, word, "What each line begins with.")}
        </div>
        <div class="trial-buttons">{send(trial, "Stream")} {stop(trial)}</div>
    }
    .into_any();
    let form = Form {
        action: PATH,
        method: "get",
        label: "Stream",
        content,
        send: Box::new(move |sent| {
            let call = try_stream(
                typed(&sent, "count"),
                typed(&sent, "interval_ms"),
                typed(&sent, "word"),
            );
            trial.send(body(call), Box::new(|_, _| ()));
        }),
        follow: Box::new(move |sent| command.set(equivalent(&sent))),
    };
    let lesson = view! {
        "The first byte comes long before the last. Stop, and the server makes no further line. However the network cuts the bytes, a character of several stays whole. See "
        <a href="/lab/streaming" rel="external">
            "what a stream saves"
        </a>
        "."
    };
    Panel {
        id: "stream",
        title: "A stream of text",
        route: "GET /api/stream",
        lesson: lesson.into_any(),
        forms: form.view(),
        command,
        command_name: "command that streams",
        trial,
        shown: ().into_any(),
        body: "text of the stream",
    }
    .view()
}
