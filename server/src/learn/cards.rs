//! `/learn/cards`: each card opens to its answer.

use glassworks_lessons::Lessons;
use maud::{Markup, html};

use super::{ANKI, text};

pub(super) fn content(lessons: &Lessons) -> Markup {
    html! {
        h1 { "Cards" }
        p {
            "Answer, then open the card. To see each again when you are about to forget it, "
            a href=(ANKI) download { "take them to Anki" }
            " (File, Import); imported again, they are updated and keep their schedule."
        }
        @for chapter in &lessons.chapters {
            section {
                h2 id={ "chapter-" (chapter.id) } { (chapter.title) }
                @for card in lessons.cards.iter().filter(|it| it.chapter == chapter.id) {
                    details.learn-card id=(card.id) {
                        summary { (text(&card.front)) }
                        p { (text(&card.back)) }
                        @if let Some(experiment) = card.experiment {
                            p.learn-note { "See it: " a href=(experiment.path()) { (experiment) } }
                        }
                    }
                }
            }
        }
    }
}
