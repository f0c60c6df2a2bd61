//! The lab: the path through its experiments, and a page for each.

mod code;
mod comparison;
mod conduct;
mod experiment;
mod figures;
mod foretell;
mod notebook;
mod others;
mod path;
mod picture;
mod replay;
mod run;
mod share;
mod shown;
mod words;

pub(super) use experiment::page as experiment;
pub(super) use path::page as path;

use leptos::prelude::*;

/// A text of the project's own, which is HTML already.
fn text(html: String) -> AnyView {
    view! { <div class="lab-text" inner_html=html></div> }.into_any()
}
