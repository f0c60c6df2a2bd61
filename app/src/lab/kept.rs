//! What somebody has done with an experiment: kept in their own browser, and nowhere else.

use glassworks_protocol::TaskId;
use serde::{Deserialize, Serialize};

/// How sure somebody is of a prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Sure {
    /// Not at all.
    #[serde(rename = "guess")]
    Guess,
    /// Rather.
    #[serde(rename = "fairly")]
    Fairly,
    /// Quite.
    #[serde(rename = "certain")]
    Certain,
}

impl Sure {
    /// All of them, the least sure first.
    pub(crate) const ALL: [Self; 3] = [Self::Guess, Self::Fairly, Self::Certain];

    /// How it is said.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Guess => "a guess",
            Self::Fairly => "fairly sure",
            Self::Certain => "certain",
        }
    }
}

/// What was done with one experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    /// For each prediction the figure, or the place of the choice. Empty before the first run.
    pub(crate) foretold: Vec<f64>,
    /// How sure.
    pub(crate) sure: Option<Sure>,
    /// The latest own run that has shown something.
    pub(crate) ran: Option<TaskId>,
    /// The answer to the question for the reason.
    pub(crate) why: String,
    /// The explanation in words of one's own.
    pub(crate) words: String,
}

/// How far somebody has come with an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    /// It was foretold.
    pub(crate) foretold: bool,
    /// It was run.
    pub(crate) ran: bool,
    /// It was explained in words of one's own.
    pub(crate) explained: bool,
}

impl Kept {
    /// How far it has come.
    pub(crate) fn steps(&self) -> Steps {
        Steps {
            foretold: !self.foretold.is_empty(),
            ran: self.ran.is_some(),
            explained: !self.words.trim().is_empty(),
        }
    }
}

impl Steps {
    /// In words, for the path.
    pub(crate) fn words(self) -> String {
        let Self {
            foretold,
            ran,
            explained,
        } = self;
        if foretold && ran && explained {
            return "done".to_owned();
        }
        let steps = [
            (foretold, "foretold"),
            (ran, "run"),
            (explained, "explained"),
        ];
        let done: Vec<_> = steps
            .iter()
            .filter(|(done, _)| *done)
            .map(|(_, step)| *step)
            .collect();
        if done.is_empty() {
            "not begun".to_owned()
        } else {
            done.join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, Sure};
    use crate::fixture::id;
    use crate::json;

    #[test]
    fn what_was_kept_is_read_again() {
        let kept = Kept {
            foretold: vec![2.0, 730.0],
            sure: Some(Sure::Fairly),
            ran: Some(id(7)),
            why: "because".to_owned(),
            words: String::new(),
        };
        let text = serde_json::to_string(&kept).unwrap();
        assert_eq!(json::read(&text), Ok(kept));
    }

    #[test]
    fn what_an_earlier_release_kept_is_read_as_far_as_it_goes() {
        let kept: Kept = json::read(r#"{"foretold": [1], "more": true}"#).unwrap();
        assert_eq!(kept.foretold, [1.0]);
        assert_eq!(kept.ran, None);
    }

    #[test]
    fn the_path_says_how_far_somebody_has_come() {
        let mut kept = Kept::default();
        assert_eq!(kept.steps().words(), "not begun");
        kept.foretold = vec![1.0];
        kept.ran = Some(id(1));
        assert_eq!(kept.steps().words(), "foretold, run");
        kept.words = "It waits.".to_owned();
        assert_eq!(kept.steps().words(), "done");
    }
}
