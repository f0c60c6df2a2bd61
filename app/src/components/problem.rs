//! What went wrong, said where it happened.

use glassworks_protocol::{FieldError, Problem};
use leptos::prelude::*;

/// A problem in words. `errors` are those that are shown nowhere else.
#[component]
pub(crate) fn ProblemNote(
    problem: Problem,
    #[prop(optional)] errors: Option<Vec<FieldError>>,
) -> AnyView {
    let errors = errors.unwrap_or_else(|| problem.errors.clone());
    let list = (!errors.is_empty()).then(|| {
        let items: Vec<_> = errors
            .into_iter()
            .map(|FieldError { pointer, detail }| {
                view! { <li><code>{pointer}</code> " " {detail}</li> }
            })
            .collect();
        view! { <ul>{items}</ul> }
    });
    view! {
        <div class="problem" role="alert">
            <strong>{problem.title}</strong>
            {problem.detail.map(|detail| view! { <p>{detail}</p> })}
            {list}
        </div>
    }
    .into_any()
}
