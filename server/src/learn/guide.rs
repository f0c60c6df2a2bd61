//! A chapter of the guide, and where to go from it.

use glassworks_lessons::{Chapter, Lessons};
use maud::{Markup, html};

use super::text;

pub(super) fn content(lessons: &Lessons, chapter: &Chapter) -> Markup {
    let place = lessons.chapters.iter().position(|it| it.id == chapter.id);
    let place = place.unwrap_or_default();
    let before = place.checked_sub(1).and_then(|it| lessons.chapters.get(it));
    let after = lessons.chapters.get(place + 1);
    let exercises = lessons
        .exercises
        .iter()
        .filter(|it| it.chapter == chapter.id);
    let cards = lessons.cards.iter().filter(|it| it.chapter == chapter.id);
    html! {
        p.learn-place { "Chapter " (place + 1) " of " (lessons.chapters.len()) }
        (text(&chapter.html))
        h2 { "Do it" }
        ul {
            @for exercise in exercises {
                li { (exercise.sort.title()) ": " a href={ "/learn/exercises#" (exercise.id) } { (exercise.title) } }
            }
            li { a href={ "/learn/cards#chapter-" (chapter.id) } { (cards.count()) " cards of this chapter" } }
        }
        p.learn-note {
            "The figures were measured, on a machine that was not idle; compare them with each other, and "
            a href="/learn/measurements" { "measure your own" } "."
        }
        nav.learn-ways aria-label="Chapters" {
            @if let Some(before) = before { a rel="prev" href=(before.path()) { "← " (before.title) } }
            @if let Some(after) = after { a rel="next" href=(after.path()) { (after.title) " →" } }
        }
    }
}
