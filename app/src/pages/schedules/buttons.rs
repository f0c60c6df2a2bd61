//! What can be done with a schedule: pause, resume, run now, delete.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use uuid::Uuid;

use crate::access::may_administer;
use crate::components::{Ask, FunctionForm, ProblemNote, changing, request_id};
use crate::functions::{ChangeSchedule, ScheduleChange};
use crate::refused::Refused;

/// What was asked for from this page.
pub(super) type Changes = ServerAction<ChangeSchedule>;

/// Changes of schedules; `done` is called after each that leaves something to look at.
pub(super) fn changes(done: impl Fn() + 'static) -> Changes {
    let changes = ServerAction::<ChangeSchedule>::new();
    let answer = changes.value();
    Effect::new(move |_| {
        if let Some(Ok(true)) = answer.get() {
            done();
        }
    });
    changes
}

/// Why the latest was refused, if it was.
#[component]
pub(super) fn Refusal(changes: Changes) -> impl IntoView {
    let answer = changes.value();
    changing(move || match answer.get() {
        Some(Err(Refused(problem))) => view! { <ProblemNote problem=*problem /> }.into_any(),
        _ => ().into_any(),
    })
}

/// The buttons of one schedule. Each keeps its place and its meaning; what makes no sense at the
/// moment cannot be pressed. Who only looks has no use for them.
#[component]
pub(super) fn Buttons(
    id: Uuid,
    /// What the schedule is called, for those who do not see beside what the buttons stand.
    name: String,
    paused: Signal<bool>,
    changes: Changes,
    /// Whether it can be deleted here, too.
    #[prop(optional)]
    whole: bool,
) -> impl IntoView {
    if !may_administer() {
        return ().into_any();
    }
    let send = move |sent: Vec<(String, String)>| {
        let asked = sent.iter().rev().find(|(name, _)| name == "change");
        // While one is under way, another press means the same.
        let free = !changes.pending().get_untracked();
        if let Some(change) = asked
            .and_then(|(_, word)| ScheduleChange::named(word))
            .filter(|_| free)
        {
            let request = String::new();
            changes.dispatch(ChangeSchedule {
                id,
                change,
                request,
            });
        }
    };
    let button =
        |change: ScheduleChange, word: &'static str, disabled: Box<dyn FnMut() -> bool + Send>| {
            view! {
                <button
                    type="submit"
                    name="change"
                    value=change.as_str()
                    aria-label=format!("{word}: {name}")
                    disabled=disabled
                >
                    {word}
                </button>
            }
            .into_any()
        };
    let delete = whole.then(|| {
        let question =
            "It submits nothing any more. The tasks that it has submitted stay.".to_owned();
        view! { <Ask name="Delete" question change="delete" sure="Delete the schedule" /> }
    });
    let content = view! {
        <input type="hidden" name="id" value=id.to_string() />
        <input type="hidden" name="request" value=request_id() />
        {button(ScheduleChange::Run, "Run now", Box::new(|| false))}
        {button(ScheduleChange::Pause, "Pause", Box::new(move || paused.get()))}
        {button(ScheduleChange::Resume, "Resume", Box::new(move || !paused.get()))}
        {delete}
    }
    .into_any();
    view! {
        <div class="actions">
            <FunctionForm url=ChangeSchedule::url() send=Box::new(send) content />
        </div>
    }
    .into_any()
}
