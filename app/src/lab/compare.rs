//! What was foretold beside what was measured, in words.

use super::book::Prediction;
use super::kept::Sure;
use super::spoken::{figure, whole};

/// One prediction and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compared {
    /// What was foretold; none when nothing was.
    pub(crate) foretold: Option<String>,
    /// What was measured.
    pub(crate) measured: String,
    /// How the one lies to the other.
    pub(crate) words: String,
    /// Whether the prediction was right; none when there is nothing to compare.
    pub(crate) right: Option<bool>,
}

/// Compares what was `foretold` with what was `measured`. What is foretold by picking is the place
/// of the choice.
pub(crate) fn compare(
    prediction: &Prediction,
    foretold: Option<f64>,
    measured: Option<f64>,
) -> Compared {
    let unit = prediction.unit.as_str();
    let said = foretold.map(|foretold| say(prediction, foretold));
    let Some(value) = measured else {
        return Compared {
            foretold: said,
            measured: "nothing".to_owned(),
            words: "Nothing was measured.".to_owned(),
            right: None,
        };
    };
    let Some(foretold) = foretold else {
        return Compared {
            foretold: None,
            measured: figure(value, unit),
            words: String::new(),
            right: None,
        };
    };
    let (right, words) = match prediction.range {
        Some(range) => beside(foretold, value, range, unit),
        None => picked(prediction, foretold, value),
    };
    Compared {
        foretold: said,
        measured: figure(value, unit),
        words,
        right: Some(right),
    }
}

/// What was foretold, in words.
pub(crate) fn say(prediction: &Prediction, foretold: f64) -> String {
    if prediction.range.is_some() {
        return figure(foretold, &prediction.unit);
    }
    let place = usize::try_from(whole(foretold)).unwrap_or(usize::MAX);
    let choice = prediction.choices.get(place);
    choice.map_or_else(|| "?".to_owned(), |choice| choice.text.clone())
}

fn picked(prediction: &Prediction, foretold: f64, measured: f64) -> (bool, String) {
    let fits = |choice: &&super::book::Choice| {
        measured >= choice.least && choice.most.is_none_or(|most| measured <= most)
    };
    let place = usize::try_from(whole(foretold)).unwrap_or(usize::MAX);
    if prediction.choices.get(place).as_ref().is_some_and(fits) {
        return (true, "As you foretold.".to_owned());
    }
    let words = match prediction.choices.iter().find(fits) {
        Some(other) => format!("Not so. It was: {}", ended(&other.text)),
        None => "Not so, and none of the others either.".to_owned(),
    };
    (false, words)
}

fn ended(text: &str) -> String {
    let text = text.trim_end_matches('.');
    format!("{text}.")
}

/// A bar is right within a tenth of what was measured, or a twentieth of what could be foretold.
fn beside(foretold: f64, measured: f64, [least, most]: [f64; 2], unit: &str) -> (bool, String) {
    let off = foretold - measured;
    let counts = unit == "count";
    let allowed = if counts && most - least <= 20.0 {
        0.5
    } else {
        (measured.abs() / 10.0).max((most - least) / 20.0)
    };
    if off.abs() <= allowed {
        let words = if figure(foretold, unit) == figure(measured, unit) {
            "Exactly as you foretold."
        } else {
            "About as you foretold."
        };
        return (true, words.to_owned());
    }
    let direction = if off > 0.0 { "too high" } else { "too low" };
    let (small, large) = if off > 0.0 {
        (measured, foretold)
    } else {
        (foretold, measured)
    };
    let words = if small > 0.0 && large / small >= 1.95 {
        let times = large / small;
        let times = if times < 9.5 {
            let tenths = whole(times * 10.0);
            match tenths % 10 {
                0 => (tenths / 10).to_string(),
                tenth => format!("{}.{tenth}", tenths / 10),
            }
        } else {
            whole(times).to_string()
        };
        format!("{times} times {direction}.")
    } else {
        format!("{} {direction}.", figure(off.abs(), unit))
    };
    (false, words)
}

/// What to make of it, by how sure somebody was.
pub(crate) fn summary(compared: &[Compared], sure: Option<Sure>) -> String {
    let right = compared
        .iter()
        .filter(|one| one.right == Some(true))
        .count();
    let all = compared.iter().filter(|one| one.right.is_some()).count();
    if all == 0 {
        return "You have foretold nothing of this, so there is nothing to compare it with."
            .to_owned();
    }
    let counted = match (right, all) {
        (1, 1) => "Your prediction was right.".to_owned(),
        (0, 1) => "Your prediction was not right.".to_owned(),
        _ if right == all => format!("All {all} of your predictions were right."),
        (0, _) => format!("None of your {all} predictions was right."),
        _ => format!("{right} of your {all} predictions were right."),
    };
    let meaning = match (sure, right == all) {
        (Some(Sure::Certain), true) => "You were certain, and you had reason to be.",
        (Some(Sure::Fairly), true) => {
            "You were fairly sure. See whether your reason is the one below."
        }
        (Some(Sure::Guess), true) => "You said it was a guess: find out why it was a good one.",
        (Some(Sure::Certain), false) => {
            "You were certain. That is the most useful surprise there is: find out what you took for granted."
        }
        (Some(Sure::Fairly), false) => {
            "You were fairly sure, so something works otherwise than you think."
        }
        (Some(Sure::Guess), false) => {
            "You said it was a guess. Now you have a figure to start from."
        }
        (None, _) => "",
    };
    [counted.as_str(), meaning].join(" ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::book::{Choice, Prediction};
    use super::super::kept::Sure;
    use super::{compare, summary};

    fn bar(unit: &str, range: [f64; 2]) -> Prediction {
        Prediction {
            question: String::new(),
            variant: "broken".to_owned(),
            figure: "it".to_owned(),
            unit: unit.to_owned(),
            range: Some(range),
            choices: Vec::new(),
        }
    }

    fn choices() -> Prediction {
        let choice = |text: &str, least, most| Choice {
            text: text.to_owned(),
            least,
            most,
        };
        Prediction {
            range: None,
            choices: vec![
                choice("None", 0.0, Some(0.0)),
                choice("Nearly all", 13.0, None),
            ],
            ..bar("count", [0.0, 0.0])
        }
    }

    fn words(prediction: &Prediction, foretold: f64, measured: f64) -> (bool, String) {
        let compared = compare(prediction, Some(foretold), Some(measured));
        (compared.right.unwrap(), compared.words)
    }

    #[test]
    fn a_bar_is_compared_by_how_far_off_it_is() {
        let time = bar("ms", [0.0, 3_000.0]);
        let cases = [
            (1_000.0, 1_000.2, true, "Exactly as you foretold."),
            (1_100.0, 1_000.0, true, "About as you foretold."),
            (2_250.0, 1_015.0, false, "2.2 times too high."),
            (500.0, 1_500.0, false, "3 times too low."),
            (1_500.0, 1_015.0, false, "485 ms too high."),
            (0.0, 2_000.0, false, "2.00 s too low."),
        ];
        for (foretold, measured, right, said) in cases {
            assert_eq!(words(&time, foretold, measured), (right, said.to_owned()));
        }
    }

    #[test]
    fn a_small_count_is_right_or_not() {
        let attempts = bar("count", [1.0, 5.0]);
        assert!(words(&attempts, 2.0, 2.0).0);
        assert_eq!(
            words(&attempts, 1.0, 2.0),
            (false, "2 times too low.".to_owned())
        );
        assert!(!words(&bar("count", [0.0, 10.0]), 9.0, 10.0).0);
    }

    #[test]
    fn what_was_picked_is_right_within_its_bounds() {
        assert_eq!(
            words(&choices(), 1.0, 16.0),
            (true, "As you foretold.".to_owned())
        );
        let (right, said) = words(&choices(), 0.0, 16.0);
        assert!(!right);
        assert_eq!(said, "Not so. It was: Nearly all.");
        assert_eq!(
            words(&choices(), 0.0, 5.0).1,
            "Not so, and none of the others either."
        );
        // Kept by a browser that knew another list.
        assert!(!words(&choices(), 9.0, 16.0).0);
    }

    #[test]
    fn nothing_foretold_or_measured_is_no_mistake() {
        assert_eq!(compare(&choices(), None, Some(16.0)).right, None);
        let compared = compare(&choices(), Some(1.0), None);
        assert_eq!((compared.right, &*compared.measured), (None, "nothing"));
    }

    #[test]
    fn the_summary_minds_how_sure_somebody_was() {
        let right = compare(&choices(), Some(1.0), Some(16.0));
        let wrong = compare(&choices(), Some(0.0), Some(16.0));
        let said = summary(&[right.clone(), wrong], Some(Sure::Certain));
        assert!(
            said.starts_with("1 of your 2 predictions were right. You were certain."),
            "{said}"
        );
        assert!(summary(&[right], Some(Sure::Guess)).contains("find out why"));
        assert!(summary(&[], None).contains("foretold nothing"));
    }
}
