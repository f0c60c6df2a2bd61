//! What can be done with a task: cancel, retry, delete. Plain forms, with or without JavaScript.

use glassworks_protocol::{State, Task, TaskId};
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::components::ProblemNote;
use crate::functions::{CancelTask, DeleteTask, RetryTask};
use crate::refused::Refused;
use crate::task_view::TaskView;

/// The buttons that the task's state allows.
#[component]
pub(super) fn Actions(
    id: TaskId,
    state: Memo<State>,
    cancel_requested: Memo<bool>,
    view: RwSignal<TaskView>,
    /// Counted up when the task starts over.
    round: RwSignal<u32>,
) -> AnyView {
    let cancel = ServerAction::<CancelTask>::new();
    let retry = ServerAction::<RetryTask>::new();
    let delete = ServerAction::<DeleteTask>::new();
    let take = move |answer: Option<Result<Task, Refused>>| {
        let taken = matches!(answer, Some(Ok(_)));
        if let Some(Ok(task)) = answer {
            view.update(|view| view.replace(task));
        }
        taken
    };
    Effect::new(move |_| {
        take(cancel.value().get());
    });
    Effect::new(move |_| {
        if take(retry.value().get()) {
            round.update(|round| *round += 1);
        }
    });
    let refused = move || {
        let first = cancel.value().get().and_then(Result::err);
        first
            .or_else(|| retry.value().get().and_then(Result::err))
            .or_else(|| delete.value().get().and_then(Result::err))
    };
    let may_retry = move || {
        matches!(
            state.get(),
            State::Failed | State::Cancelled | State::Scheduled | State::Retrying
        )
    };
    let asked = move || cancel_requested.get();
    view! {
        <div class="actions">
            <Show when=move || !state.get().is_final()>
                <ActionForm action=cancel>
                    <input type="hidden" name="id" value=id.to_string() />
                    <button type="submit" disabled=asked>
                        {move || if asked() { "Asked to stop" } else { "Cancel" }}
                    </button>
                </ActionForm>
            </Show>
            <Show when=may_retry>
                <ActionForm action=retry>
                    <input type="hidden" name="id" value=id.to_string() />
                    <button type="submit">
                        {move || if state.get().is_final() { "Retry" } else { "Run now" }}
                    </button>
                </ActionForm>
            </Show>
            <Show when=move || state.get().is_final()>
                <ActionForm action=delete>
                    <input type="hidden" name="id" value=id.to_string() />
                    <button type="submit" class="danger">
                        "Delete"
                    </button>
                </ActionForm>
            </Show>
        </div>
        {move || refused().map(|Refused(problem)| view! { <ProblemNote problem=*problem /> })}
    }
    .into_any()
}
