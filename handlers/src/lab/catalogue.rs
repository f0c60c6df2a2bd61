//! What is taught by each experiment, beside the code that it runs.
//!
//! The texts are TOML in `handlers/lab/`, so that a teacher can change them without the code; they
//! are part of the binary.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub use super::experiments::CompilerWords;
use super::experiments::{self, NAMES, Variant, schema_of, variants_of};

/// What an experiment teaches, as its file says it. Texts are Markdown.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// The experiment in a few words.
    pub title: String,
    /// What it asks.
    pub question: String,
    /// What is to be foretold before the first run.
    pub predictions: Vec<Prediction>,
    /// Why it is as it is.
    pub explanation: String,
    /// A question that asks for the reason.
    pub why: Why,
    /// What to put into words of one's own.
    pub in_your_own_words: InYourOwnWords,
    /// What to change in the code of both variants: what the difference shows.
    pub difference: String,
    /// What to try with other parameters, or with code of one's own.
    pub exercise: String,
}

/// One thing to foretell. It has choices, or is a bar to drag.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// What is asked.
    pub question: String,
    /// The variant whose figure it is.
    pub variant: String,
    /// The figure, by its name in the result.
    pub figure: String,
    /// In what it is measured: `ms`, `count` or `bytes`.
    pub unit: String,
    /// The least and the most that a bar shows.
    #[serde(default)]
    pub range: Option<[f64; 2]>,
    /// What can be picked; none where there is a bar.
    #[serde(default)]
    pub choices: Vec<Choice>,
}

/// What can be picked: it is right when the figure is within its bounds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What it says.
    pub text: String,
    /// The least that the figure may be.
    pub least: f64,
    /// The most that it may be; no bound when absent.
    #[serde(default)]
    pub most: Option<f64>,
}

/// A question that asks for the reason.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// The question.
    pub question: String,
    /// Its answer.
    pub answer: String,
}

/// What to put into words of one's own.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InYourOwnWords {
    /// What to explain.
    pub task: String,
    /// One good answer.
    pub model: String,
}

/// One way to write the server, and its code: the lines that run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Code {
    /// The variant's name in results.
    pub variant: &'static str,
    /// What it does, in a few words.
    pub title: &'static str,
    /// The file in the repository.
    pub file: &'static str,
    /// What stands there.
    pub code: &'static str,
}

/// An experiment: what it teaches, its code, and its parameters.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Experiment {
    /// Its name in a task's payload.
    pub name: &'static str,
    /// What it teaches.
    pub lesson: Lesson,
    /// Its variants, the broken one first.
    pub variants: Vec<Code>,
    /// What the compiler says, where that is the point.
    pub compiler: Vec<CompilerWords>,
    /// The JSON Schema of its parameters, with ranges and defaults.
    #[schema(value_type = Object)]
    pub parameters: Value,
}

/// Their texts, by name.
const TEXTS: &[(&str, &str)] = &[
    ("blocking", include_str!("../../lab/blocking.toml")),
    ("fan-out", include_str!("../../lab/fan-out.toml")),
    (
        "missing-await",
        include_str!("../../lab/missing-await.toml"),
    ),
    (
        "background-failure",
        include_str!("../../lab/background-failure.toml"),
    ),
    ("timeout", include_str!("../../lab/timeout.toml")),
    ("streaming", include_str!("../../lab/streaming.toml")),
    ("backpressure", include_str!("../../lab/backpressure.toml")),
    ("disconnect", include_str!("../../lab/disconnect.toml")),
    (
        "blocking-pool",
        include_str!("../../lab/blocking-pool.toml"),
    ),
    ("lost-lease", include_str!("../../lab/lost-lease.toml")),
];

/// Every experiment, as a path through them: each stands on what those before it have shown.
pub fn experiments() -> &'static [Experiment] {
    static ALL: LazyLock<Vec<Experiment>> =
        LazyLock::new(|| NAMES.iter().filter_map(|name| experiment(name)).collect());
    &ALL
}

/// `None` where the text is no lesson; a test keeps that from happening.
fn experiment(name: &'static str) -> Option<Experiment> {
    let (_, text) = TEXTS.iter().find(|(of, _)| *of == name)?;
    Some(Experiment {
        name,
        lesson: toml::from_str(text).ok()?,
        variants: variants_of(name).iter().map(code).collect(),
        compiler: experiments::compiler_words(name),
        parameters: schema_of(name)?,
    })
}

fn code(variant: &Variant) -> Code {
    let Variant {
        name,
        title,
        file,
        code,
    } = *variant;
    Code {
        variant: name,
        title,
        file,
        code,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::super::experiments::{NAMES, Payload};
    use super::{Lesson, TEXTS, experiments};

    #[test]
    fn every_experiment_has_a_whole_lesson() {
        for (name, text) in TEXTS {
            let lesson: Lesson =
                toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            for text in [
                &lesson.title,
                &lesson.question,
                &lesson.explanation,
                &lesson.why.question,
                &lesson.why.answer,
                &lesson.in_your_own_words.task,
                &lesson.in_your_own_words.model,
                &lesson.difference,
                &lesson.exercise,
            ] {
                assert!(text.trim().len() > 5, "{name} has an empty part");
            }
        }
        let names: Vec<_> = experiments()
            .iter()
            .map(|experiment| experiment.name)
            .collect();
        assert_eq!(names, NAMES);
    }

    #[test]
    fn every_prediction_can_be_compared_with_a_figure() {
        for experiment in experiments() {
            let variants: BTreeSet<_> = experiment
                .variants
                .iter()
                .map(|code| code.variant)
                .collect();
            assert!(
                variants.contains("broken") && variants.contains("fixed"),
                "{experiment:?}"
            );
            assert!(
                !experiment.lesson.predictions.is_empty(),
                "{}",
                experiment.name
            );
            for prediction in &experiment.lesson.predictions {
                let about = format!("{}: {}", experiment.name, prediction.question);
                assert!(variants.contains(prediction.variant.as_str()), "{about}");
                assert!(
                    ["ms", "count", "bytes"].contains(&prediction.unit.as_str()),
                    "{about}"
                );
                match prediction.range {
                    Some([least, most]) => {
                        assert!(least < most && prediction.choices.is_empty(), "{about}");
                    }
                    None => assert!(prediction.choices.len() > 1, "{about}"),
                }
                for choice in &prediction.choices {
                    assert!(
                        choice.most.is_none_or(|most| most >= choice.least),
                        "{about}"
                    );
                }
            }
        }
    }

    #[test]
    fn defaults_are_published_and_within_their_ranges() {
        for experiment in experiments() {
            let payload: Payload =
                serde_json::from_value(json!({"experiment": experiment.name})).unwrap();
            assert!(payload.check().is_empty(), "{:?}", payload.check());
            let values = serde_json::to_value(&payload).unwrap();
            let properties = experiment.parameters["properties"].as_object().unwrap();
            for (name, schema) in properties {
                assert_eq!(
                    schema["default"], values[name],
                    "{} {name}",
                    experiment.name
                );
                assert_ne!(
                    schema["description"],
                    Value::Null,
                    "{} {name}",
                    experiment.name
                );
                if schema["type"] == "integer" {
                    let bounds = (schema["minimum"].is_number(), schema["maximum"].is_number());
                    assert_eq!(bounds, (true, true), "{} {name}", experiment.name);
                }
            }
        }
    }
}
