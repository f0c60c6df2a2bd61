//! How far a task is.

use glassworks_protocol::Progress;
use leptos::prelude::*;

/// A bar, the share in words, and what the handler says about it. Without progress, the bar
/// shows only that something goes on.
#[component]
pub(crate) fn ProgressBar(
    #[prop(into)] progress: Signal<Option<Progress>>,
    /// What makes progress, for those who do not see the bar.
    #[prop(into)]
    label: String,
) -> AnyView {
    let fraction = Memo::new(move |_| progress.with(|it| it.as_ref().map(|it| it.fraction)));
    let message = move || progress.with(|it| it.as_ref().and_then(|it| it.message.clone()));
    let share = move || {
        fraction
            .get()
            .map(|fraction| format!("{:.0} %", fraction * 100.0))
    };
    view! {
        <span class="progress">
            <progress max="1" value=move || fraction.get().map(|it| it.to_string()) aria-label=label>
            </progress>
            <span class="progress-share">{share}</span>
            <span class="progress-message">{message}</span>
        </span>
    }
    .into_any()
}
