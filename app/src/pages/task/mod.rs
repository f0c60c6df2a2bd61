//! One task: everything there is to see of it, while it happens and after.

mod actions;
mod facts;

use glassworks_protocol::{JsonText, State, TaskId};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use leptos_router::{LazyRoute, lazy_route};

use crate::components::{
    Attempts, CodeBlock, Log, Page, Printed, ProgressBar, StateBadge, Terminal, changing, origin,
};
use crate::curl;
use crate::functions::load_task;
use crate::live::{News, Topic, watch};
use crate::task_view::{TaskStory, TaskView, printed as printed_by};
use actions::Actions;
use facts::Facts;

/// The page of the task that the path names.
pub(crate) struct TaskRoute;

#[lazy_route]
impl LazyRoute for TaskRoute {
    fn data() -> Self {
        Self
    }

    fn view(this: Self) -> AnyView {
        let TaskRoute = this;
        let params = use_params_map();
        let id = move || params.with(|params| params.get("id").unwrap_or_default());
        view! { <Page wanted=id load=load_task show=show /> }.into_any()
    }
}

fn show(_: String, story: TaskStory) -> AnyView {
    view! { <Story story /> }.into_any()
}

#[component]
fn Story(story: TaskStory) -> impl IntoView {
    let TaskStory { view, output } = story;
    let id = view.task.id;
    let kind = view.task.kind.clone();
    let view = RwSignal::new(view);
    let printed = Printed::new();
    let gone = RwSignal::new(None);
    // Another attempt opens the log anew after it had ended.
    let round = RwSignal::new(0_u32);
    Effect::new(move |_| {
        round.track();
        follow(id, view, printed, gone);
    });
    let badge = move || {
        let (state, cancel_requested) =
            view.with(|view| (view.task.state, view.task.cancel_requested));
        view! { <StateBadge state cancel_requested /> }.into_any()
    };
    let growing = Signal::derive(move || view.with(|view| !view.task.state.is_final()));
    let gone_words = move || gone.get();
    view! {
        <Title text=format!("{kind} {id} · Glassworks") />
        <article class="task-page">
            <header class="task-head">
                <h1>
                    <span class="kind">{kind}</span>
                    " "
                    <span class="id">{id.to_string()}</span>
                </h1>
                <p class="task-state" role="status" aria-label="State">
                    {changing(badge)}
                </p>
                <Actions id view round />
            </header>
            <p class="problem" role="alert">
                {changing(gone_words)}
            </p>
            {changing(move || now(view))}
            <div class="task-columns">
                <section aria-labelledby="output" class="output-section">
                    <h2 id="output">"Output"</h2>
                    <Terminal id first=output printed growing />
                </section>
                <div class="task-side">
                    <section aria-labelledby="facts">
                        <h2 id="facts">"Facts"</h2>
                        <Facts view />
                    </section>
                    <section aria-labelledby="attempts">
                        <h2 id="attempts">"Attempts"</h2>
                        <Attempts view />
                    </section>
                    <section aria-labelledby="log">
                        <h2 id="log">"Log"</h2>
                        <Log view />
                    </section>
                </div>
            </div>
            <Papers view />
        </article>
    }
}

/// Keeps `view` and `printed` up to date for as long as the running effect lasts.
fn follow(id: TaskId, view: RwSignal<TaskView>, printed: Printed, gone: RwSignal<Option<String>>) {
    let after = view.with_untracked(|view| view.seen);
    let hear = move |news| match news {
        News::Task(task) => view.update(|view| view.replace(*task)),
        News::Events(events) => {
            printed.push(events.iter().filter_map(printed_by));
            view.update(|view| events.iter().for_each(|event| view.apply(event)));
        }
        News::Refused(problem) => gone.set(Some(problem.to_string())),
        News::End | News::Tasks { .. } | News::Reload | News::Stats(_) => {}
    };
    watch(Topic::Task { id, after }, Box::new(hear));
}

/// How far it is while it runs, and why it failed after it has.
fn now(view: RwSignal<TaskView>) -> AnyView {
    view.with(|view| {
        let task = &view.task;
        match task.state {
            // One that has ended without progress has none to show.
            State::Completed if task.progress.is_none() => ().into_any(),
            State::Running | State::Completed => {
                let label = format!("Progress of {} {}", task.kind, task.id);
                let progress = task.progress.clone();
                view! {
                    <div class="task-progress">
                        <ProgressBar progress label />
                    </div>
                }
                .into_any()
            }
            State::Failed | State::Retrying => {
                let message = task.error.as_ref().map(|error| error.message.clone());
                view! {
                    <pre class="error-text" aria-label="Error">
                        {message}
                    </pre>
                }
                .into_any()
            }
            State::Scheduled | State::Queued | State::Cancelled => ().into_any(),
        }
    })
}

/// What stands in place of a result.
fn no_result(state: State) -> &'static str {
    if state.is_final() {
        "None."
    } else {
        "None yet."
    }
}

/// What went in, what came out, and the same thing as curl.
#[component]
fn Papers(view: RwSignal<TaskView>) -> impl IntoView {
    let payload = view.with_untracked(|view| view.task.payload.pretty());
    let result = move || {
        let text = view.with(|view| {
            view.task
                .result
                .as_ref()
                .map_or_else(|| no_result(view.task.state).to_owned(), JsonText::pretty)
        });
        view! { <CodeBlock label="result as JSON" text /> }.into_any()
    };
    let origin = origin();
    let id = view.with_untracked(|view| view.task.id);
    let show = curl::show(&origin, id);
    let listen = curl::follow_output(&origin, id);
    let again = view.with_untracked(|view| curl::submit_again(&origin, &view.task));
    view! {
        <div class="papers">
            <section aria-labelledby="payload">
                <h2 id="payload">"Payload"</h2>
                <CodeBlock label="payload as JSON" text=payload />
            </section>
            <section aria-labelledby="result">
                <h2 id="result">"Result"</h2>
                {changing(result)}
            </section>
            <section aria-labelledby="curl" class="papers-wide">
                <h2 id="curl">"The same with curl"</h2>
                <CodeBlock label="command that submits it again" text=again />
                <CodeBlock label="command that shows it" text=show />
                <CodeBlock label="command that follows its output" text=listen />
            </section>
        </div>
    }
}
