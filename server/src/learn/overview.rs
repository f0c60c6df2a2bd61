//! `/learn`: what there is, and in which order.

use glassworks_lessons::{Experiment, Lessons};
use maud::{Markup, html};

pub(super) fn content(lessons: &Lessons) -> Markup {
    let (cards, questions) = (lessons.cards.len(), lessons.questions.len());
    html! {
        h1 { "Learn how async servers work, and how they break" }
        p {
            "For people who have written a handler with FastAPI or axum, and want to know what it does to "
            "the rest of the server. "
            a href="/learn/measurements" { "Every figure here was measured" } "."
        }
        h2 { "Read" }
        ol.learn-chapters {
            @for chapter in &lessons.chapters {
                li { a href=(chapter.path()) { (chapter.title) } p { (chapter.summary) } }
            }
        }
        h2 { "Break it" }
        p { "Each experiment starts a real server, breaks it, and shows what you had predicted beside what happened." }
        ul.learn-list {
            @for experiment in Experiment::ALL {
                li { a href=(experiment.path()) { (experiment) } }
            }
        }
        h2 { "Practise" }
        dl.learn-practice {
            dt { a href="/learn/exercises" { (lessons.exercises.len()) " exercises" } }
            dd { "Alter it, break it, fix it, explain it; each says how you see that it is done." }
            dt { a href="/learn/cards" { (cards) " cards" } }
            dd { "What is worth knowing by heart, also for Anki." }
            dt { a href="/learn/quiz" { (questions) " questions" } }
            dd { "Each asks why, and each wrong answer leads to the card that explains it." }
            dt { a href="/learn/explain" { "Explain it" } }
            dd { "Four questions to answer aloud, with a model answer and what was measured." }
            dt { a href="/learn/mastery" { "Mastery" } }
            dd { "Six things to have mastered, and what shows it." }
        }
    }
}
