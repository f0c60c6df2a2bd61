//! What is shown where there is nothing.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::refused::set_status;

/// For a path that leads nowhere: status 404.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    set_status(404);
    view! {
        <Title text="Not found · Glassworks" />
        <h1>"There is nothing here"</h1>
        <p>
            "No page has this address. Perhaps it was a task that has been deleted since: finished tasks are kept for a while only."
        </p>
        <p>
            <a href="/">"Go to the board"</a>
            " or "
            <a href="/tasks">"look through the tasks"</a>
            "."
        </p>
    }
}
