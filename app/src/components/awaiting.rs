//! What is shown once its data is there.

use std::future::Future;
use std::pin::Pin;

use leptos::prelude::*;

use super::{Erase, ProblemNote};
use crate::refused::Refused;

/// A view on its way.
pub(crate) type Coming = Pin<Box<dyn Future<Output = AnyView> + Send>>;

/// Shows what `load` leads to, and what it led to before as long as that takes. On the server the
/// page waits for it.
pub(crate) fn awaiting(load: impl Fn() -> Coming + Send + Sync + 'static) -> AnyView {
    transition(Box::new(load))
}

/// Boxed, so that there is one `Transition` for all pages.
fn transition(load: Box<dyn Fn() -> Coming + Send + Sync>) -> AnyView {
    view! { <Transition fallback=Loading>{move || Suspend::new(load())}</Transition> }.erase()
}

/// What was loaded, or why it was not.
pub(crate) fn loaded<T>(outcome: Result<T, Refused>, view: impl FnOnce(T) -> AnyView) -> AnyView {
    match outcome {
        Ok(loaded) => view(loaded),
        Err(Refused(problem)) => view! { <ProblemNote problem=*problem /> }.into_inner(),
    }
}

/// Says that something is on its way, after a navigation in the browser. The style shows it only
/// to those who wait long.
#[component]
fn Loading() -> AnyView {
    view! { <p class="loading">"Loading…"</p> }.erase()
}
