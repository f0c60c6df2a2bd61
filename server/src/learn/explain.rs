//! `/learn/explain`: four questions to answer aloud, with model answers and what was measured.

use glassworks_lessons::{Explanation, Lessons};
use maud::{Markup, html};

use super::{card_link, chapter_link, measurements, text};

pub(super) fn content(lessons: &Lessons) -> Markup {
    html! {
        h1 { "Explain it" }
        p { "Answer each aloud, in your own words and with a figure, before you open the model answer." }
        @for explanation in &lessons.explanations { (one(lessons, explanation)) }
    }
}

fn one(lessons: &Lessons, explanation: &Explanation) -> Markup {
    html! {
        section.learn-exercise id=(explanation.id) {
            h2 { (explanation.question) }
            details {
                summary { "A model answer" }
                (text(&explanation.answer))
                h3 { "Measured here" }
                (measurements::table(lessons, &explanation.here))
                h3 { "Measured of FastAPI" }
                (measurements::table(lessons, &explanation.fastapi))
                p { "More: " (chapter_link(lessons, &explanation.chapter)) }
                p { "Keep it in mind:" }
                ul { @for card in &explanation.cards { li { (card_link(lessons, card)) } } }
            }
        }
    }
}
