//! A task, watched over a WebSocket of its own.

use std::pin::Pin;

use futures::future::poll_fn;
use futures::{Sink as _, StreamExt as _, stream};
use glassworks_protocol::Problem;
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message, State, WebSocketError};
use leptos::leptos_dom::helpers::location;
use leptos::prelude::*;
use leptos::server_fn::{Bytes, ServerFn};
use serde::Deserialize;

use super::field::{Sort, field, typed};
use super::panel::{Form, Panel, Sent, send, stop};
use super::trial::{Answer, Call, Hear, Trial};
use crate::access::may_submit;
use crate::components::{changing, origin};
use crate::curl;
use crate::functions::{SubmitTask, try_task};
use crate::json;
use crate::refused::Refused;
use crate::trial::Lines;

/// What is watched: a task's id, and after which of its events. As typed.
#[derive(Clone, Copy)]
struct Watched {
    id: RwSignal<String>,
    after: RwSignal<String>,
}

/// An event, as much of it as says where to go on.
#[derive(Deserialize)]
struct Heard {
    seq: u64,
}

pub(super) fn panel() -> AnyView {
    let trial = Trial::new();
    let watched = Watched {
        id: RwSignal::new(String::new()),
        after: RwSignal::new("0".to_owned()),
    };
    let command = RwSignal::new(String::new());
    let origin = origin();
    let follow = {
        let origin = origin.clone();
        move || {
            let id = watched.id.get();
            let id = if id.is_empty() { "ID" } else { &id };
            curl::follow_events(&origin, id, &watched.after.get())
        }
    };
    command.set(curl::follow_events(&origin, "ID", "0"));
    Effect::new(move |_| command.set(follow()));
    let submit = may_submit().then(|| submit_form(trial, watched));
    let page = move || {
        let id = watched.id.get();
        if id.is_empty() {
            return ().into_any();
        }
        view! {
            <p>
                <a href=format!("/tasks/{id}")>"The task's own page"</a>
            </p>
        }
        .into_any()
    };
    let lesson = view! {
        "Each message is an event of the task, in the order of its "
        <code>"seq"</code>
        ". Stop, and go on after the last: none is missing, none comes twice, for the log is kept where the task is. See "
        <a href="/learn/guide/durable-queues" rel="external">
            "why"
        </a>
        "."
    };
    let forms = view! {
        {submit}
        {watch_form(trial, watched)}
        <noscript inner_html="<p class=\"quiet\">A WebSocket needs a script. The page of the task shows it without, and curl as it comes.</p>">
        </noscript>
    };
    Panel {
        id: "socket",
        title: "A task over a WebSocket",
        route: "GET /api/tasks/{id}/ws",
        lesson: lesson.into_any(),
        forms: forms.into_any(),
        command,
        command_name: "command that follows the task",
        trial,
        shown: changing(page).into_any(),
        body: "messages of the WebSocket",
    }
    .view()
}

/// Submits a task, and watches it from its beginning.
fn submit_form(trial: Trial, watched: Watched) -> AnyView {
    let content = view! {
        <input type="hidden" name="kind" value="sleep" />
        <div class="trial-fields">
            {field("socket", "payload[seconds]", "seconds", Sort::Number("any"), "3", "How long the task sleeps, from 0 to 3600.")}
            {field("socket", "payload[steps]", "steps", Sort::Number("1"), "6", "In how many steps, from 1 to 10,000.")}
        </div>
        <div class="trial-buttons">{send(trial, "Submit and watch")}</div>
    }
    .into_any();
    let send = move |sent: Sent| {
        let payload = SubmitTask::of(sent).payload;
        let call = async move {
            let id = try_task(payload).await?.to_string();
            let _ = watched.id.try_set(id.clone());
            let _ = watched.after.try_set("0".to_owned());
            connect(&id, "0").await
        };
        trial.send(Box::pin(call), hear(watched));
    };
    Form {
        action: SubmitTask::url(),
        method: "post",
        label: "Submit and watch",
        content,
        send: Box::new(send),
        follow: Box::new(|_| ()),
    }
    .view()
}

/// Watches a task from some event on.
fn watch_form(trial: Trial, watched: Watched) -> AnyView {
    let Watched { id, after } = watched;
    let content = view! {
        <div class="trial-fields">
            <div class="field">
                <label for="socket-task">"task"</label>
                <input
                    type="text"
                    id="socket-task"
                    name="task"
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=changing(move || id.get())
                    aria-describedby="socket-task-help"
                />
                <p class="help" id="socket-task-help">
                    "Its id."
                </p>
            </div>
            <div class="field">
                <label for="socket-after">"after"</label>
                <input
                    type="number"
                    step="1"
                    id="socket-after"
                    name="after"
                    autocomplete="off"
                    prop:value=changing(move || after.get())
                    aria-describedby="socket-after-help"
                />
                <p class="help" id="socket-after-help">
                    "The seq of the last event that is known."
                </p>
            </div>
        </div>
        <div class="trial-buttons">{send(trial, "Watch")} {stop(trial)}</div>
    }
    .into_any();
    let follow = move |sent: Sent| {
        id.set(typed(&sent, "task").trim().to_owned());
        after.set(typed(&sent, "after"));
    };
    let send = move |sent: Sent| {
        follow(sent);
        let (id, after) = (id.get_untracked(), after.get_untracked());
        let call: Call = Box::pin(async move { connect(&id, &after).await });
        trial.send(call, hear(watched));
    };
    let form = Form {
        action: "/try",
        method: "get",
        label: "Watch",
        content,
        send: Box::new(send),
        follow: Box::new(follow),
    };
    view! { <div class="live-only">{form.view()}</div> }.into_any()
}

/// Notes where to go on.
fn hear(watched: Watched) -> Hear {
    let mut lines = Lines::default();
    Box::new(move |text, _| {
        let heard = lines.push(text).into_iter();
        let last = heard
            .filter_map(|line| json::read::<Heard>(&line).ok())
            .next_back();
        if let Some(Heard { seq }) = last {
            let _ = watched.after.try_set(seq.to_string());
        }
    })
}

/// Opens the WebSocket of the task `id`, which tells of the events after `after`: a message a line,
/// and how it was closed as the last. Dropping it closes it.
async fn connect(id: &str, after: &str) -> Answer {
    let refused = |title: &str| Refused::new(Problem::untyped(400, title.to_owned()));
    let url = url(id, after).ok_or_else(|| refused("This is no task's id"))?;
    let socket = WebSocket::open(&url);
    let mut socket = socket.map_err(|_| refused("The browser opens no such WebSocket"))?;
    // It is ready as soon as it has left the state of connecting, wherever to.
    let _ = poll_fn(|cx| Pin::new(&mut socket).poll_ready(cx)).await;
    if !matches!(socket.state(), State::Open) {
        let title = "The server opened no WebSocket: there may be no such task";
        return Err(refused(title));
    }
    let messages = stream::unfold(Some(socket), async |socket| {
        let mut socket = socket?;
        let line = |text: String| Ok(Bytes::from(text + "\n"));
        match socket.next().await? {
            Ok(Message::Text(text)) => Some((line(text), Some(socket))),
            Ok(Message::Bytes(_)) => Some((line(String::new()), Some(socket))),
            Err(WebSocketError::ConnectionClose(close)) if close.code == 1000 => {
                Some((line("closed: 1000, the log is over".to_owned()), None))
            }
            Err(WebSocketError::ConnectionClose(close)) => {
                let title = format!("Closed with code {}", close.code);
                let problem = Problem::untyped(503, title).with_detail(close.reason);
                Some((Err(Refused::new(problem)), None))
            }
            Err(_) => {
                let problem = Problem::untyped(503, "The connection was lost");
                Some((Err(Refused::new(problem)), None))
            }
        }
    });
    Ok((101, messages.boxed_local()))
}

/// Where the WebSocket is; `None` for what cannot be a step of a path.
fn url(id: &str, after: &str) -> Option<String> {
    let is_id = |letter: char| letter.is_ascii_hexdigit() || letter == '-';
    if id.is_empty() || !id.chars().all(is_id) {
        return None;
    }
    let location = location();
    let scheme = if location.protocol().ok()? == "https:" {
        "wss"
    } else {
        "ws"
    };
    let after = if after.is_empty() { "0" } else { after };
    let host = location.host().ok()?;
    Some(format!("{scheme}://{host}/api/tasks/{id}/ws?after={after}"))
}
