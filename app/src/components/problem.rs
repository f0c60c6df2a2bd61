//! What went wrong, said where it happened.

use glassworks_protocol::{FieldError, Problem};
use leptos::prelude::*;

/// A problem in words, with what is wrong where.
#[component]
pub(crate) fn ProblemNote(problem: Problem) -> impl IntoView {
    let items: Vec<_> = problem.errors.into_iter().map(one_error).collect();
    view! {
        <div class="problem" role="alert">
            <strong>{problem.title}</strong>
            <p>{problem.detail}</p>
            <ul>{items}</ul>
        </div>
    }
}

fn one_error(error: FieldError) -> AnyView {
    view! {
        <li>
            <code>{error.pointer}</code>
            " "
            {error.detail}
        </li>
    }
    .into_any()
}
