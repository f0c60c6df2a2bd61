//! `/learn/mastery`: a checklist whose state is its address.

use glassworks_lessons::{Condition, Deed, Experiment, Lessons, Line, Progress};
use maud::{Markup, html};

use super::{chapter_link, text};

/// The checklist of who has done what `query` says. What is not known is left out.
pub(super) fn content(lessons: &Lessons, query: &str) -> Markup {
    let progress = read(lessons, query);
    let ticked = lessons.mastery.iter().filter(|it| it.is_ticked(&progress));
    html! {
        h1 { "Mastery" }
        p role="status" {
            strong { (ticked.count()) " of " (lessons.mastery.len()) " mastered. " }
            "A line ticks itself when all below it was done. The address keeps what you tick: bookmark it, or send it to your teacher."
        }
        form method="get" action="/learn/mastery" {
            @for line in &lessons.mastery { (one(lessons, line, &progress)) }
            button type="submit" { "Keep it in the address" }
        }
    }
}

fn one(lessons: &Lessons, line: &Line, progress: &Progress) -> Markup {
    let ticked = line.is_ticked(progress);
    html! {
        section.learn-line id=(line.id) data-ticked=(ticked) {
            h2 { span aria-hidden="true" { @if ticked { "☑ " } @else { "☐ " } } (line.title)
                @if ticked { span.visually-hidden { ", mastered" } } }
            p { (line.able) " " (chapter_link(lessons, &line.chapter)) }
            ul {
                @for condition in &line.when { li { (condition_row(lessons, condition, progress)) } }
            }
        }
    }
}

fn condition_row(lessons: &Lessons, condition: &Condition, progress: &Progress) -> Markup {
    let met = condition.is_met(progress);
    let (name, value) = match condition {
        Condition::Ran(experiment) => ("ran", experiment.name()),
        Condition::Did(deed) => ("did", deed.name()),
        Condition::Answered(question) => ("answered", question.as_str()),
    };
    html! {
        label { input type="checkbox" name=(name) value=(value) checked[met]; " "
            @match condition {
                Condition::Ran(experiment) => {
                    "predicted and ran " a href=(experiment.path()) { (experiment) }
                }
                Condition::Did(deed) => { (deed.words()) }
                Condition::Answered(question) => {
                    "answered rightly: "
                    @if let Some(question) = lessons.question(question) {
                        a href={ "/learn/quiz#" (question.id) } { (text(&question.ask)) }
                    }
                }
            }
        }
    }
}

fn read(lessons: &Lessons, query: &str) -> Progress {
    let mut progress = Progress::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "ran" => progress
                .ran
                .extend(Experiment::ALL.iter().filter(|it| it.name() == value)),
            "did" => progress
                .did
                .extend(Deed::ALL.iter().filter(|it| it.name() == value)),
            "answered" => progress
                .answered
                .extend(lessons.question(&value).map(|it| it.id.clone())),
            _ => {}
        }
    }
    progress
}
