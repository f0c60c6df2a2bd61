//! `/learn/quiz`: a form whose answers are its address.

use std::collections::BTreeMap;

use glassworks_lessons::{Answer, Lessons, Question};
use maud::{Markup, html};

use super::{card_link, chapter_link, text};

/// The quiz as `query` has it: which order, and which answers were chosen. What it does not say, or
/// says wrongly, is not chosen.
pub(super) fn content(lessons: &Lessons, query: &str) -> Markup {
    let chosen: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
    let number = |name: &str| chosen.get(name).and_then(|value| value.parse::<u64>().ok());
    let seed = number("order").unwrap_or_else(|| u64::from(rand::random::<u16>()));
    let sent = chosen.contains_key("order");
    let place = |question: &Question| {
        let place = usize::try_from(number(&question.id)?).ok()?;
        (place <= question.wrong.len()).then_some(place)
    };
    let right: Vec<&str> = lessons
        .questions
        .iter()
        .filter(|it| place(it).is_some_and(|place| it.answers(seed)[place].is_right()))
        .map(|it| it.id.as_str())
        .collect();
    html! {
        h1 { "Quiz" }
        @if sent {
            p role="status" {
                strong { (right.len()) " of " (lessons.questions.len()) " are right. " }
                a href="/learn/quiz" { "Again, in another order" }
                @if !right.is_empty() { " · " a href=(mastery(&right)) { "Take them to the checklist" } }
            }
        } @else {
            p { "Each question asks why. The answers stand in another order each time." }
        }
        form method="get" action="/learn/quiz" {
            input type="hidden" name="order" value=(seed);
            @for question in &lessons.questions {
                (one(lessons, question, seed, place(question), sent))
            }
            button type="submit" { "Check the answers" }
        }
    }
}

fn one(
    lessons: &Lessons,
    question: &Question,
    seed: u64,
    chosen: Option<usize>,
    sent: bool,
) -> Markup {
    let answers = question.answers(seed);
    html! {
        fieldset.learn-question id=(question.id) {
            legend { (text(&question.ask)) }
            @for (place, answer) in answers.iter().enumerate() {
                label {
                    input type="radio" name=(question.id) value=(place) checked[chosen == Some(place)];
                    span { (text(answer.html)) }
                    @if sent && chosen == Some(place) {
                        " " strong.learn-verdict data-right=(answer.is_right()) {
                            @if answer.is_right() { "✓ right" } @else { "✗ not so" }
                        }
                    }
                }
            }
            @if let Some(answer) = chosen.filter(|_| sent).map(|place| answers[place]) {
                (verdict(lessons, question, answer))
            }
        }
    }
}

/// What is said to an answer.
fn verdict(lessons: &Lessons, question: &Question, answer: Answer<'_>) -> Markup {
    html! {
        div.learn-explanation {
            @if let Some(card) = answer.card { p { "The card that explains it: " (card_link(lessons, card)) } }
            p { (text(&question.explanation)) }
            p.learn-note { "More: " (chapter_link(lessons, &question.chapter)) }
        }
    }
}

/// The checklist with these questions answered.
fn mastery(right: &[&str]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for id in right {
        query.append_pair("answered", id);
    }
    format!("/learn/mastery?{}", query.finish())
}
