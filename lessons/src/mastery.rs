//! What a reader should master, and what shows that it is so.

use serde::Deserialize;

use crate::experiment::Experiment;
use crate::progress::{Deed, Progress};

/// Something that shows mastery.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// This experiment was predicted and run.
    Ran(Experiment),
    /// This was done.
    Did(Deed),
    /// This question of the quiz was answered rightly.
    Answered(String),
}

impl Condition {
    /// Whether `progress` meets it.
    pub fn is_met(&self, progress: &Progress) -> bool {
        match self {
            Self::Ran(experiment) => progress.ran.contains(experiment),
            Self::Did(deed) => progress.did.contains(deed),
            Self::Answered(question) => progress.answered.contains(question),
        }
    }
}

/// A line of the checklist. It ticks itself when all its conditions are met.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its name, also in addresses.
    pub id: String,
    /// What is mastered.
    pub title: String,
    /// What somebody can do who masters it.
    pub able: String,
    /// The chapter that teaches it.
    pub chapter: String,
    /// What shows it: all of it.
    pub when: Vec<Condition>,
}

impl Line {
    /// Whether `progress` shows it.
    pub fn is_ticked(&self, progress: &Progress) -> bool {
        self.when.iter().all(|condition| condition.is_met(progress))
    }
}
