//! The async endpoints, tried from a page: what was sent, when the first byte came and when the last,
//! what came, and the same with curl.
//!
//! Without scripts each form asks the REST route itself.

mod aggregate;
mod answer;
mod field;
mod panel;
mod slow;
mod socket;
mod stream;
mod trial;

use leptos::prelude::*;
use leptos_meta::Title;

/// The async endpoints, tried.
pub(super) fn page() -> AnyView {
    view! {
        <Title text="Try · Glassworks" />
        <h1>"Try the async endpoints"</h1>
        <p class="trials-lead">
            "Several can be under way at the same time: start one, and then the next. What is under way ends when it is stopped, and when this page is left; the work on the server ends with it."
        </p>
        <div class="trials">
            {slow::panel()}
            {aggregate::panel()}
            {stream::panel()}
            {socket::panel()}
            {answer::panel()}
        </div>
    }
    .into_any()
}
