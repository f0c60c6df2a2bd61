//! What can be done with a task: cancel, retry, delete. One plain form, with or without JavaScript.

use glassworks_protocol::{State, TaskId};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::access::may_submit;
use crate::components::{FunctionForm, ProblemNote, changing};
use crate::functions::{Change, ChangeTask};
use crate::refused::Refused;
use crate::task_view::TaskView;

/// The buttons that the task's state allows.
#[component]
pub(super) fn Actions(
    id: TaskId,
    view: RwSignal<TaskView>,
    /// Counted up when the task starts over.
    round: RwSignal<u32>,
) -> impl IntoView {
    let changes = ServerAction::<ChangeTask>::new();
    let answer = changes.value();
    Effect::new(move |_| {
        if let Some(Ok(Some(task))) = answer.get() {
            view.update(|view| view.replace(task));
            round.update(|round| *round += 1);
        }
    });
    let allowed = may_submit();
    let buttons = move || {
        // Who only looks has no use for them.
        let all = || view.with(|view| buttons(view.task.state, view.task.cancel_requested));
        allowed.then(all).unwrap_or_default()
    };
    // Each has an element of its own: what somebody is about to press never becomes another.
    let buttons =
        view! { <For each=buttons key=|button| *button children=Button::view /> }.into_any();
    let refused = move || match answer.get() {
        Some(Err(Refused(problem))) => view! { <ProblemNote problem=*problem /> }.into_any(),
        _ => ().into_any(),
    };
    let send = move |sent: Vec<(String, String)>| {
        let asked = sent.iter().find(|(name, _)| name == "change");
        // While one is under way, another press means the same.
        let free = !changes.pending().get_untracked();
        if let Some(change) = asked
            .and_then(|(_, word)| Change::named(word))
            .filter(|_| free)
        {
            changes.dispatch(ChangeTask { id, change });
        }
    };
    let content = view! {
        <input type="hidden" name="id" value=id.to_string() />
        {buttons}
    }
    .into_any();
    view! {
        <div class="actions">
            <FunctionForm url=ChangeTask::url() send=Box::new(send) content />
        </div>
        {changing(refused)}
    }
}

/// A change that can be asked for now, and how it is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Button {
    change: Change,
    name: &'static str,
    disabled: bool,
}

fn buttons(state: State, cancel_requested: bool) -> Vec<Button> {
    let button = |change, name| Button {
        change,
        name,
        disabled: false,
    };
    let cancel = button(Change::Cancel, "Cancel");
    let delete = button(Change::Delete, "Delete");
    match state {
        State::Running if cancel_requested => vec![Button {
            name: "Asked to stop",
            disabled: true,
            ..cancel
        }],
        State::Running | State::Queued => vec![cancel],
        State::Scheduled | State::Retrying => vec![button(Change::Retry, "Run now"), cancel],
        State::Failed | State::Cancelled => vec![button(Change::Retry, "Retry"), delete],
        State::Completed => vec![delete],
    }
}

impl Button {
    fn view(self) -> AnyView {
        let Self {
            change,
            name,
            disabled,
        } = self;
        let class = if change == Change::Delete {
            "danger"
        } else {
            ""
        };
        view! {
            <button type="submit" name="change" value=change.as_str() class=class disabled=disabled>
                {name}
            </button>
        }
        .into_any()
    }
}
