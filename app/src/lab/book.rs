//! The experiments as their pages show them.

#[cfg(feature = "ssr")]
use std::sync::Arc;

use glassworks_protocol::TaskSummary;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::difference::Line;
use super::run::{LabRun, Server};

/// All experiments, in the order of the path through them. The server makes it, since nothing here
/// knows where its texts and its code come from. Cheap to clone.
#[cfg(feature = "ssr")]
#[derive(Clone, Debug)]
pub struct Book(Arc<[Experiment]>);

#[cfg(feature = "ssr")]
impl Book {
    /// A book of these.
    pub fn new(experiments: impl IntoIterator<Item = Experiment>) -> Self {
        Self(experiments.into_iter().collect())
    }

    /// The experiment of this name, and those before and after it.
    pub(crate) fn lesson_parts(
        &self,
        name: &str,
    ) -> Option<(usize, &Experiment, Option<Listed>, Option<Listed>)> {
        let place = self.0.iter().position(|one| one.name == name)?;
        let listed = |place: Option<usize>| Some(self.0.get(place?)?.listed());
        let (before, after) = (listed(place.checked_sub(1)), listed(place.checked_add(1)));
        Some((place, &self.0[place], before, after))
    }

    /// The experiment of this name.
    pub(crate) fn experiment(&self, name: &str) -> Option<&Experiment> {
        self.0.iter().find(|one| one.name == name)
    }

    /// All of them, in short.
    pub(crate) fn listed(&self) -> Vec<Listed> {
        self.0.iter().map(Experiment::listed).collect()
    }
}

/// An experiment. Its texts are HTML, and the project's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its name in a task's payload.
    pub name: String,
    /// It in a few words; no HTML.
    pub title: String,
    /// What it asks, in one sentence.
    pub gist: String,
    /// What it asks.
    pub question: String,
    /// What is to be foretold before the first run.
    pub predictions: Vec<Prediction>,
    /// What to see in the difference between its variants.
    pub difference: String,
    /// Why it is as it is.
    pub explanation: String,
    /// A question that asks for the reason.
    pub why: String,
    /// Its answer.
    pub why_answer: String,
    /// What to put into words of one's own.
    pub explain: String,
    /// One good answer.
    pub model: String,
    /// What to try next.
    pub exercise: String,
    /// Its variants, the broken one first.
    pub variants: Vec<Code>,
    /// What the compiler says, where that is the point.
    pub compiler: Vec<CompilerWords>,
    /// The JSON Schema of its parameters, with ranges and defaults.
    pub parameters: Value,
}

#[cfg(feature = "ssr")]
impl Experiment {
    fn listed(&self) -> Listed {
        Listed {
            name: self.name.clone(),
            title: self.title.clone(),
            gist: self.gist.clone(),
        }
    }
}

/// One thing to foretell. It has choices, or is a bar to move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// What is asked, as HTML.
    pub question: String,
    /// The variant whose figure it is.
    pub variant: String,
    /// The figure, by its name in the result.
    pub figure: String,
    /// `ms`, `count` or `bytes`.
    pub unit: String,
    /// The least and the most that the bar shows.
    pub range: Option<[f64; 2]>,
    /// What can be picked; none where there is a bar.
    pub choices: Vec<Choice>,
}

/// What can be picked: it is right when the figure is within its bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What it says; no HTML.
    pub text: String,
    /// The least that the figure may be.
    pub least: f64,
    /// The most that it may be.
    pub most: Option<f64>,
}

/// The code of one variant: the lines that run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// The variant's name.
    pub variant: String,
    /// What it does, in a few words.
    pub title: String,
    /// The file in the repository.
    pub file: String,
    /// What stands there, and how it differs from the broken variant.
    pub(crate) lines: Vec<Line>,
}

#[cfg(feature = "ssr")]
impl Code {
    /// The code of a variant beside that of the `broken` one, which may be itself.
    pub fn beside(broken: &str, variant: &str, title: &str, file: &str, code: &str) -> Self {
        Self {
            variant: variant.to_owned(),
            title: title.to_owned(),
            file: file.to_owned(),
            lines: super::difference::difference(broken, code),
        }
    }
}

/// A small program, and what the compiler says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompilerWords {
    /// What is wrong with it.
    pub title: String,
    /// The program.
    pub code: String,
    /// The compiler's version, then its words.
    pub words: String,
}

/// An experiment in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// Its name.
    pub(crate) name: String,
    /// Its title.
    pub(crate) title: String,
    /// What it asks, as HTML.
    pub(crate) gist: String,
}

/// The path through the experiments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Path {
    /// Whether they can be run on this server.
    pub(crate) is_here: bool,
    /// In their order.
    pub(crate) experiments: Vec<Listed>,
}

/// What an experiment's page starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lesson {
    /// The experiment.
    pub(crate) experiment: Experiment,
    /// Its place on the path, from 1.
    pub(crate) place: usize,
    /// The one before it.
    pub(crate) before: Option<Listed>,
    /// The one after it.
    pub(crate) after: Option<Listed>,
    /// Whether it can be run on this server.
    pub(crate) is_here: bool,
    /// Its latest runs here, newest first.
    pub(crate) runs: Vec<TaskSummary>,
    /// What the latest that is over has shown.
    pub(crate) latest: Vec<Server>,
    /// The run that was asked for, if there is such a one.
    pub(crate) asked: Option<LabRun>,
}
