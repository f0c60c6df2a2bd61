//! `/learn/exercises`: what to do, where, and how to see that it is done.

use glassworks_lessons::{Exercise, Lessons, Sort};
use maud::{Markup, html};

use super::{chapter_link, text};

pub(super) fn content(lessons: &Lessons) -> Markup {
    html! {
        h1 { "Exercises" }
        p { "Predict first. What surprises you is what you came for." }
        @for sort in Sort::ALL {
            section {
                h2 { (sort.title()) }
                @for exercise in lessons.exercises.iter().filter(|it| it.sort == sort) {
                    (one(lessons, exercise))
                }
            }
        }
    }
}

fn one(lessons: &Lessons, exercise: &Exercise) -> Markup {
    html! {
        section.learn-exercise id=(exercise.id) {
            h3 { (exercise.title) }
            (text(&exercise.task))
            ul.learn-where {
                @if let Some(experiment) = exercise.experiment {
                    li { "Experiment: " a href=(experiment.path()) { (experiment) } }
                }
                @if let Some(route) = &exercise.route {
                    li { "Operation: " a href="/docs" { code { (route) } } }
                }
                @if let Some(file) = &exercise.file { li { "File: " code { (file) } } }
                li { "Chapter: " (chapter_link(lessons, &exercise.chapter)) }
            }
            details { summary { "Done when" } (text(&exercise.check)) }
        }
    }
}
