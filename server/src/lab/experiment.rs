//! `/lab/{experiment}`: its question, what to foretell, its code, and why it is as it is.

use glassworks_handlers::lab::catalogue::{Experiment, Prediction, experiments};
use glassworks_lessons::Html;
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::{Running, path};
use crate::plain::ORIGIN;

pub(super) fn content(place: usize, experiment: &Experiment, running: Running) -> Markup {
    let lesson = &experiment.lesson;
    let before = place.checked_sub(1).and_then(|it| experiments().get(it));
    let after = experiments().get(place + 1);
    html! {
        p.learn-place {
            a href="/lab" { "The lab" } ": experiment " (place + 1) " of " (experiments().len())
        }
        h1 { (lesson.title) }
        (text(&lesson.question))
        h2 { "First, foretell" }
        ol { @for prediction in &lesson.predictions { li { (foretell(prediction)) } } }
        h2 { "Run it" }
        (run(experiment, running))
        h2 { "The code" }
        (text(&lesson.difference))
        @for code in &experiment.variants {
            details {
                summary { (code.variant) ": " (code.title) }
                p { code { (code.file) } }
                pre { code { (code.code) } }
            }
        }
        @for words in &experiment.compiler {
            details {
                summary { "What the compiler says: " (words.title) }
                pre { code { (words.code) } }
                pre { code { (words.words) } }
            }
        }
        h2 { "Parameters" }
        (parameters(&experiment.parameters))
        h2 { "Why it is so" }
        details { summary { "Read it when you have seen a run" } (text(&lesson.explanation)) }
        details { summary { (lesson.why.question) } (text(&lesson.why.answer)) }
        h2 { "Explain it in your own words" }
        (text(&lesson.in_your_own_words.task))
        details { summary { "One good answer" } (text(&lesson.in_your_own_words.model)) }
        h2 { "Go on" }
        (text(&lesson.exercise))
        nav.learn-ways aria-label="Experiments" {
            @if let Some(before) = before {
                a rel="prev" href=(path(before.name)) { "← " (before.lesson.title) }
            }
            @if let Some(after) = after {
                a rel="next" href=(path(after.name)) { (after.lesson.title) " →" }
            }
        }
    }
}

fn foretell(prediction: &Prediction) -> Markup {
    html! {
        (prediction.question)
        @if let Some([least, most]) = prediction.range {
            " Between " (least) " and " (most) " " (prediction.unit) "."
        }
        @if !prediction.choices.is_empty() {
            ul { @for choice in &prediction.choices { li { (choice.text) } } }
        }
    }
}

/// A button where that is possible, and the same with curl.
fn run(experiment: &Experiment, running: Running) -> Markup {
    let payload = json!({ "experiment": experiment.name });
    let task = json!({ "kind": "lab", "payload": payload });
    html! {
        @match running {
            Running::Yes => {
                p { "It leads to the run's own page: what it prints, its time line, and the result with all figures." }
                form method="post" action="/fn/submit_task" {
                    input type="hidden" name="kind" value="lab";
                    input type="hidden" name="payload[*]" value=(payload);
                    button.primary type="submit" { "Run it" }
                }
            }
            Running::NotAllowed => p { "Your key does not let you submit tasks, so you cannot run it." }
            Running::NotHere => p {
                "This server has no lab: start one with " code { "--lab on" } "."
            }
        }
        pre {
            code {
                "curl " (ORIGIN) "/api/tasks -H 'content-type: application/json' \\\n  -d '" (task) "'"
            }
        }
    }
}

fn parameters(schema: &Value) -> Markup {
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flatten();
    html! {
        table {
            thead { tr { th { "Name" } th { "Default" } th { "Range" } th { "Meaning" } } }
            tbody {
                @for (name, property) in properties.filter(|(name, _)| *name != "experiment") {
                    tr {
                        td { code { (name) } }
                        td { (property.get("default").map(plain).unwrap_or_default()) }
                        td { (range(property)) }
                        td { (property.get("description").map(plain).unwrap_or_default()) }
                    }
                }
            }
        }
    }
}

fn range(property: &Value) -> String {
    if let Some(values) = property.get("enum").and_then(Value::as_array) {
        return values.iter().map(plain).collect::<Vec<_>>().join(", ");
    }
    match (property.get("minimum"), property.get("maximum")) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        _ => String::new(),
    }
}

/// A value as people write it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A text of the catalogue.
fn text(markdown: &str) -> Markup {
    // The project's own, escaped where it is read: nothing in it comes from a client.
    PreEscaped(Html::of(markdown).to_string())
}
