//! The moment between a navigation in the browser and its data.

use leptos::prelude::*;

use super::Erase;

/// Says that something is on its way. The style shows it only to those who wait long.
#[component]
pub(crate) fn Loading() -> AnyView {
    view! { <p class="loading">"Loading…"</p> }.erase()
}
