//! A page and the data that it waits for.

use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ProblemNote;
use crate::codec::JsonCodec;
use crate::pages::NotFoundPage;
use crate::refused::Refused;

/// Loads what is `wanted`, and shows it with what it was wanted for: again when that changes, and
/// what was shown before stays until then. On the server the page waits for its data.
#[component]
pub(crate) fn Page<W, T, L>(
    wanted: impl Fn() -> W + Send + Sync + 'static,
    load: fn(W) -> L,
    show: fn(W, T) -> AnyView,
) -> impl IntoView
where
    W: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    L: Future<Output = Result<T, Refused>> + Send + 'static,
{
    let load = move |wanted: W| async move { (load(wanted.clone()).await, wanted) };
    let data = Resource::<_, JsonCodec>::new_with_options(wanted, load, false);
    view! {
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                let (loaded, wanted) = data.await;
                match loaded {
                    Ok(loaded) => show(wanted, loaded),
                    Err(Refused(problem)) if problem.status == 404 => {
                        view! { <NotFoundPage /> }.into_any()
                    }
                    Err(Refused(problem)) => view! { <ProblemNote problem=*problem /> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Says that something is on its way, after a navigation in the browser. The style shows it only
/// to those who wait long.
#[component]
fn Loading() -> impl IntoView {
    view! { <p class="loading">"Loading…"</p> }
}
