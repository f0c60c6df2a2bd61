//! Something to put into words of one's own, beside an answer to compare them with.

use leptos::html::Textarea;
use leptos::prelude::*;

use super::experiment::OnPage;
use super::text;
use crate::lab::Kept;

/// A question, room for an answer that is kept in the browser, and one good answer.
#[component]
pub(super) fn OwnWords(
    /// The id of the field.
    id: &'static str,
    /// What is asked, as HTML.
    asked: String,
    /// A good answer, as HTML.
    answer: String,
    /// Where the reader's answer is kept.
    read: fn(&Kept) -> String,
    /// Keeps it.
    write: fn(&mut Kept, String),
) -> impl IntoView {
    let OnPage { notebook, .. } = expect_context();
    let field = NodeRef::<Textarea>::new();
    // What was kept comes once, when the page is hydrated; what was typed before that stays.
    Effect::new(move |done: Option<bool>| {
        if done == Some(true) {
            return true;
        }
        let (Some(kept), Some(field)) = (notebook.kept(), field.get()) else {
            return false;
        };
        let typed = field.value();
        if typed.is_empty() {
            field.set_value(&read(&kept));
        } else {
            notebook.note(|kept| write(kept, typed));
        }
        true
    });
    let keep = move |event| {
        let typed = event_target_value(&event);
        notebook.note(|kept| write(kept, typed));
    };
    view! {
        <div class="own-words">
            <div>
                <label for=id inner_html=asked></label>
                <textarea
                    id=id
                    rows="5"
                    maxlength="4000"
                    placeholder="In your words; kept in this browser alone."
                    autocomplete="off"
                    node_ref=field
                    on:input=keep
                ></textarea>
            </div>
            <details class="lab-fold">
                <summary>"One good answer"</summary>
                {text(answer)}
            </details>
        </div>
    }
}
