//! One task: everything there is to see of it, while it happens and after.

mod actions;
mod facts;

use glassworks_protocol::{Problem, State, TaskId};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::components::{
    Attempts, CodeBlock, Log, Printed, ProblemNote, ProgressBar, StateBadge, Terminal, origin,
};
use crate::curl;
use crate::functions::load_task;
use crate::live::{News, Topic, watch};
use crate::pages::NotFoundPage;
use crate::refused::Refused;
use crate::task_view::{TaskStory, TaskView, printed as printed_by};
use actions::Actions;
use facts::Facts;

/// The page of the task that the path names.
#[component]
pub(crate) fn TaskPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get_str("id")?.parse::<TaskId>().ok()));
    let story = Resource::new(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => load_task(id).await,
                None => Err(Refused::new(Problem::new(404, "Not Found"))),
            }
        },
    );
    view! {
        <Suspense fallback=|| {
            view! { <p class="loading">"Loading…"</p> }
        }>
            {move || Suspend::new(async move {
                match story.await {
                    Ok(story) => view! { <Story story /> }.into_any(),
                    Err(Refused(problem)) if problem.status == 404 => {
                        view! { <NotFoundPage /> }.into_any()
                    }
                    Err(Refused(problem)) => view! { <ProblemNote problem=*problem /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Story(story: TaskStory) -> impl IntoView {
    let TaskStory { view, output } = story;
    let id = view.task.id;
    let kind = view.task.kind.clone();
    let view = RwSignal::new(view);
    let printed = Printed::new();
    let gone = RwSignal::new(None);
    // Asking for another attempt opens the log anew after it had ended.
    let round = RwSignal::new(0_u32);
    Effect::new(move |_| {
        round.track();
        follow(id, view, printed, gone);
    });
    let state = Memo::new(move |_| view.with(|view| view.task.state));
    let cancel_requested = Memo::new(move |_| view.with(|view| view.task.cancel_requested));
    let growing = Signal::derive(move || !state.get().is_final());
    view! {
        <Title text=format!("{kind} {id} · Glassworks") />
        <article class="task-page">
            <header class="task-head">
                <h1>
                    <span class="kind">{kind.clone()}</span>
                    " "
                    <span class="id">{id.to_string()}</span>
                </h1>
                <p class="task-state" role="status" aria-label="State">
                    <StateBadge state cancel_requested />
                </p>
                <Actions id state cancel_requested view round />
            </header>
            {move || gone.get().map(|problem| view! { <ProblemNote problem /> })}
            <Now view state label=format!("Progress of {kind} {id}") />
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
fn follow(id: TaskId, view: RwSignal<TaskView>, printed: Printed, gone: RwSignal<Option<Problem>>) {
    let after = view.with_untracked(|view| view.seen);
    watch(Topic::Task { id, after }, move |news| match news {
        News::Task(task) => view.update(|view| view.replace(*task)),
        News::Events(events) => {
            printed.push(events.iter().filter_map(printed_by));
            view.update(|view| events.iter().for_each(|event| view.apply(event)));
        }
        News::Refused(problem) => gone.set(Some(problem)),
        News::End | News::Tasks { .. } | News::Reload | News::Stats(_) => {}
    });
}

/// How far it is while it runs, and why it failed after it has.
#[component]
fn Now(view: RwSignal<TaskView>, state: Memo<State>, label: String) -> impl IntoView {
    let progress = Signal::derive(move || view.with(|view| view.task.progress.clone()));
    let error = Memo::new(move |_| {
        view.with(|view| view.task.error.as_ref().map(|error| error.message.clone()))
    });
    let label = StoredValue::new(label);
    view! {
        {move || match state.get() {
            State::Running | State::Completed => {
                view! {
                    <div class="task-progress">
                        <ProgressBar progress label=label.get_value() />
                    </div>
                }
                    .into_any()
            }
            State::Failed | State::Retrying => {
                view! { <pre class="error-text" aria-label="Error">{move || error.get()}</pre> }
                    .into_any()
            }
            State::Scheduled | State::Queued | State::Cancelled => ().into_any(),
        }}
    }
}

/// What went in, what came out, and the same thing as curl.
#[component]
fn Papers(view: RwSignal<TaskView>) -> AnyView {
    let payload = Signal::derive(move || view.with(|view| pretty(&view.task.payload)));
    let result = Memo::new(move |_| view.with(|view| view.task.result.as_ref().map(pretty)));
    let is_final = Memo::new(move |_| view.with(|view| view.task.state.is_final()));
    let origin = origin();
    let id = view.with_untracked(|view| view.task.id);
    let again =
        Signal::derive(move || view.with(|view| curl::submit_again(&origin.read(), &view.task)));
    let show = Signal::derive(move || curl::show(&origin.read(), id));
    let listen = Signal::derive(move || curl::follow_output(&origin.read(), id));
    view! {
        <div class="papers">
            <section aria-labelledby="payload">
                <h2 id="payload">"Payload"</h2>
                <CodeBlock label="payload as JSON" text=payload />
            </section>
            <section aria-labelledby="result">
                <h2 id="result">"Result"</h2>
                {move || {
                    if result.with(Option::is_some) {
                        let text = Signal::derive(move || result.get().unwrap_or_default());
                        view! { <CodeBlock label="result as JSON" text /> }.into_any()
                    } else {
                        let words = if is_final.get() { "None." } else { "None yet." };
                        view! { <p class="quiet">{words}</p> }.into_any()
                    }
                }}
            </section>
            <section aria-labelledby="curl" class="papers-wide">
                <h2 id="curl">"The same with curl"</h2>
                <CodeBlock label="command that submits it again" text=again />
                <CodeBlock label="command that shows it" text=show />
                <CodeBlock label="command that follows its output" text=listen />
            </section>
        </div>
    }
    .into_any()
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
