//! `/learn/measurements`: every figure, and the command that measured it.

use glassworks_lessons::{Figure, Lessons, Measurement};
use maud::{Markup, html};

pub(super) fn content(lessons: &Lessons) -> Markup {
    html! {
        h1 { "Measurements" }
        p {
            "What the lessons say in figures, and how it was measured. The scripts and their README are in "
            code { "lessons/fastapi" } ": run them on your machine, and the figures on these pages are yours."
        }
        @for run in &lessons.figures.0 { (one(run)) }
    }
}

fn one(run: &Measurement) -> Markup {
    html! {
        section {
            h2 { code { (run.command) } }
            p {
                (run.date) ", on " (run.machine) "; " (run.note) ". With "
                @for (index, (name, version)) in run.versions.iter().enumerate() {
                    @if index > 0 { ", " }
                    (name) " " (version)
                }
                "."
            }
            (rows(run.figures.iter()))
        }
    }
}

/// The figures of these ids.
pub(super) fn table(lessons: &Lessons, ids: &[String]) -> Markup {
    let figures = ids.iter().filter_map(|id| lessons.figures.get(id));
    rows(figures.map(|(_, figure)| figure))
}

fn rows<'a>(figures: impl Iterator<Item = &'a Figure>) -> Markup {
    html! {
        table {
            thead { tr { th { "what" } th { "measured" } } }
            tbody {
                @for figure in figures { tr { td { (figure.what) } td.learn-figure { (figure.words()) } } }
            }
        }
    }
}
