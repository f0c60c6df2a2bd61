//! `/lab`: the experiments, in an order in which each stands on those before it.

use glassworks_handlers::lab::catalogue::experiments;
use maud::{Markup, html};

use super::path;

pub(super) fn content() -> Markup {
    html! {
        h1 { "The lab" }
        p {
            "Each experiment starts a real server of its own, breaks it on purpose, and measures what "
            "happens: first foretell it, then run it, then look at the code that made the difference. "
            "What it teaches is told in " a href="/learn" { "the lessons" } "."
        }
        ol.learn-chapters {
            @for experiment in experiments() {
                li {
                    a href=(path(experiment.name)) { (experiment.lesson.title) }
                    p { (first_sentence(&experiment.lesson.question)) }
                }
            }
        }
    }
}

/// Enough to know what it is about.
fn first_sentence(text: &str) -> &str {
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    text[..end].trim()
}
