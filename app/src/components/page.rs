//! A page and the data that it waits for.

use leptos::prelude::*;

use super::{Erase, Erased, ProblemNote};
use crate::codec::JsonCodec;
use crate::functions::{PageData, Wanted, load};
use crate::pages::NotFoundPage;
use crate::refused::Refused;

/// Shows by `show` what is `wanted`, and again when that changes; what was shown before stays
/// until then. `show` returns nothing when the data is not what it asked for. On the server the
/// page waits for its data.
#[component]
pub(crate) fn Page(
    wanted: Box<dyn Fn() -> Wanted + Send + Sync>,
    show: fn(Wanted, PageData) -> Option<Erased>,
) -> impl IntoView {
    let load = |wanted: Wanted| async move { (load(wanted.clone()).await, wanted) };
    let data = Resource::<_, JsonCodec>::new_with_options(wanted, load, false);
    view! {
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                let (loaded, wanted) = data.await;
                match loaded {
                    Ok(loaded) => show(wanted, loaded).unwrap_or_else(not_found),
                    Err(Refused(problem)) if problem.status == 404 => not_found(),
                    Err(Refused(problem)) => view! { <ProblemNote problem=*problem /> }.erase(),
                }
            })}
        </Transition>
    }
}

fn not_found() -> Erased {
    view! { <NotFoundPage /> }.erase()
}

/// Says that something is on its way, after a navigation in the browser. The style shows it only
/// to those who wait long.
#[component]
fn Loading() -> impl IntoView {
    view! { <p class="loading">"Loading…"</p> }
}
