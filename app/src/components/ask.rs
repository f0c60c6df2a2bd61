//! What cannot be taken back asks first, with or without JavaScript.

use leptos::prelude::*;

/// Opens a question, and in it the one button that does it. To stand within a form.
#[component]
pub(crate) fn Ask(
    /// What is asked for.
    name: &'static str,
    /// What it would do.
    question: String,
    /// The value of the control `change` that says so.
    change: &'static str,
    /// What the button says that does it.
    #[prop(default = name)]
    sure: &'static str,
) -> impl IntoView {
    view! {
        <details class="ask">
            <summary>{format!("{name}…")}</summary>
            <div class="ask-question">
                <p>{question}</p>
                <button type="submit" name="change" value=change class="danger">
                    {sure}
                </button>
            </div>
        </details>
    }
}
