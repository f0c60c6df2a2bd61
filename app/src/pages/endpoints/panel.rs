//! What all panels have: what to look for, the form, the same with curl, and how it went.

use leptos::prelude::*;
use web_sys::{Event, SubmitEvent};

use super::trial::Trial;
use crate::components::{CodeBlock, ProblemNote, changing, filled, sent_by, typed_in};
use crate::time::utc;
use crate::trial::{Course, Stage, span};

/// Names and values of a form's controls.
pub(super) type Sent = Vec<(String, String)>;

/// A form of a panel, and what follows from it.
pub(super) struct Form {
    /// Where a browser without scripts sends it.
    pub(super) action: &'static str,
    /// By which method it does.
    pub(super) method: &'static str,
    /// What it is, where a panel has several.
    pub(super) label: &'static str,
    /// Its fields and the buttons that send it.
    pub(super) content: AnyView,
    /// Sends it.
    pub(super) send: Box<dyn Fn(Sent)>,
    /// Something was typed into it.
    pub(super) follow: Box<dyn Fn(Sent)>,
}

impl Form {
    pub(super) fn view(self) -> AnyView {
        let Self {
            action,
            method,
            label,
            content,
            send,
            follow,
        } = self;
        let submit = move |event: SubmitEvent| {
            event.prevent_default();
            send(sent_by(&event));
        };
        let input = move |event: Event| follow(typed_in(&event));
        view! {
            <form
                method=method
                action=action
                aria-label=label
                novalidate
                on:submit=submit
                on:input=input
            >
                {content}
            </form>
        }
        .into_any()
    }
}

/// One endpoint to be tried.
pub(super) struct Panel {
    /// Its name in the page's addresses.
    pub(super) id: &'static str,
    /// What it is called.
    pub(super) title: &'static str,
    /// Its method and path.
    pub(super) route: &'static str,
    /// What to look for, and where that is explained.
    pub(super) lesson: AnyView,
    /// Its forms.
    pub(super) forms: AnyView,
    /// The same with curl.
    pub(super) command: RwSignal<String>,
    /// What that is called.
    pub(super) command_name: &'static str,
    /// How it goes.
    pub(super) trial: Trial,
    /// What stands between how it went and what came.
    pub(super) shown: AnyView,
    /// What what came is called.
    pub(super) body: &'static str,
}

impl Panel {
    pub(super) fn view(self) -> AnyView {
        let Self {
            id,
            title,
            route,
            lesson,
            forms,
            command,
            command_name,
            trial,
            shown,
            body,
        } = self;
        let curl = move || {
            let text = command.get();
            view! { <CodeBlock label=command_name text /> }.into_any()
        };
        view! {
            <section class="trial" aria-labelledby=id>
                <h2 id=id>{title} " " <code>{route}</code></h2>
                <p class="lesson">{lesson}</p>
                {forms}
                {changing(curl)}
                {course(trial)}
                {shown}
                {text(trial, body)}
            </section>
        }
        .into_any()
    }
}

/// The button that takes back what is under way. It is always there, so that whoever has the focus on
/// it keeps it.
pub(super) fn stop(trial: Trial) -> AnyView {
    let idle = move || trial.course.with(|course| !course.is_under_way());
    view! {
        <button
            type="button"
            class="live-only"
            aria-disabled=changing(move || idle().to_string())
            on:click=move |_| trial.stop()
        >
            "Stop"
        </button>
    }
    .into_any()
}

/// The button that sends a form.
pub(super) fn send(trial: Trial, word: &'static str) -> AnyView {
    let busy = move || trial.course.with(Course::is_under_way);
    view! {
        <button
            type="submit"
            class="primary"
            aria-disabled=changing(move || busy().to_string())
        >
            {word}
        </button>
    }
    .into_any()
}

/// How it went, and when what came.
fn course(trial: Trial) -> AnyView {
    let course = trial.course;
    // Memos: each piece that comes changes the course, and few change what is said of it.
    let words = Memo::new(move |_| course.with(Course::words));
    let sent = Memo::new(move |_| course.with(|course| course.sent_at));
    let first = Memo::new(move |_| course.with(|course| course.first));
    let stage = Memo::new(move |_| {
        course.with(|course| match &course.stage {
            Stage::Idle => "idle",
            Stage::Sent | Stage::Answering => "under-way",
            Stage::Done => "done",
            Stage::Stopped => "stopped",
            Stage::Failed(_) => "failed",
        })
    });
    let problem = Memo::new(move |_| {
        course.with(|course| match &course.stage {
            Stage::Failed(problem) => Some(problem.clone()),
            _ => None,
        })
    });
    let problem = move || {
        problem.get().map_or_else(
            || ().into_any(),
            |problem| view! { <ProblemNote problem /> }.into_any(),
        )
    };
    let sent = move || sent.get().map_or_else(|| "–".to_owned(), utc);
    let first = move || first.get().map_or_else(|| "–".to_owned(), span);
    let done = move || match stage.get() {
        "idle" => "–".to_owned(),
        "under-way" => format!("{} so far", span(trial.elapsed.get())),
        _ => span(trial.elapsed.get()),
    };
    view! {
        <div class="course" data-stage=changing(move || stage.get().to_owned())>
            <p role="status" class="course-words">
                {changing(move || filled(words.get()))}
            </p>
            <dl class="moments">
                <div>
                    <dt>"Sent"</dt>
                    <dd>{changing(sent)}</dd>
                </div>
                <div>
                    <dt>"First byte"</dt>
                    <dd>{changing(first)}</dd>
                </div>
                <div>
                    <dt>"Done"</dt>
                    <dd>{changing(done)}</dd>
                </div>
            </dl>
            {changing(problem)}
        </div>
    }
    .into_any()
}

/// What came.
fn text(trial: Trial, label: &'static str) -> AnyView {
    let course = trial.course;
    let cut = Memo::new(move |_| course.with(|course| course.cut));
    view! {
        <pre class="trial-body" tabindex="0" role="region" aria-label=label>
            {changing(move || filled(course.with(|course| course.text.clone())))}
        </pre>
        <p class="quiet" hidden=changing(move || !cut.get())>
            "This is the end of it; what came before is not kept."
        </p>
    }
    .into_any()
}
