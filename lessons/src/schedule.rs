//! When a card is due again, by FSRS.
//!
//! The moment is given by the caller, in milliseconds since 1970 (`Date.now()`), because a browser's
//! clock is not this crate's to read.

use chrono::{DateTime, Utc};
use rs_fsrs::{FSRS, Parameters};
use serde::{Deserialize, Serialize};

/// How well a card was remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// Not at all.
    Again,
    /// With effort.
    Hard,
    /// Yes.
    Good,
    /// At once.
    Easy,
}

impl Rating {
    fn fsrs(self) -> rs_fsrs::Rating {
        match self {
            Self::Again => rs_fsrs::Rating::Again,
            Self::Hard => rs_fsrs::Rating::Hard,
            Self::Good => rs_fsrs::Rating::Good,
            Self::Easy => rs_fsrs::Rating::Easy,
        }
    }
}

/// What is kept of a card that was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review(rs_fsrs::Card);

impl Review {
    /// A card that a reader meets for the first time at `now_ms`, and rates.
    pub fn first(rating: Rating, now_ms: i64) -> Self {
        let now = moment(now_ms);
        let card = rs_fsrs::Card {
            due: now,
            last_review: now,
            ..rs_fsrs::Card::default()
        };
        Self(card).next(rating, now_ms)
    }

    /// The same card, rated again at `now_ms`.
    #[must_use]
    pub fn next(self, rating: Rating, now_ms: i64) -> Self {
        // A clock that was set back does not make a review that was before the last one.
        let now = moment(now_ms).max(self.0.last_review);
        let next = scheduler().next(self.0, now, rating.fsrs());
        Self(next.card)
    }

    /// The card that explains a wrong prediction or answer: due soon, whatever was known of it.
    pub fn after_mistake(kept: Option<Self>, now_ms: i64) -> Self {
        match kept {
            Some(review) => review.next(Rating::Again, now_ms),
            None => Self::first(Rating::Again, now_ms),
        }
    }

    /// From when on it is to be shown, in milliseconds since 1970.
    pub fn due_ms(&self) -> i64 {
        self.0.due.timestamp_millis()
    }

    /// Whether it is to be shown at `now_ms`.
    pub fn is_due(&self, now_ms: i64) -> bool {
        self.due_ms() <= now_ms
    }
}

/// FSRS with its default parameters: nine of ten cards are to be remembered when they are due.
fn scheduler() -> FSRS {
    FSRS::new(Parameters::default())
}

fn moment(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Rating, Review};

    const NOW: i64 = 1_790_000_000_000;
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    #[test]
    fn a_card_that_is_known_comes_back_later_each_time() {
        let mut review = Review::first(Rating::Good, NOW);
        let mut waits = Vec::new();
        let mut now = NOW;
        for _ in 0..4 {
            waits.push(review.due_ms() - now);
            now = review.due_ms();
            review = review.next(Rating::Good, now);
        }
        assert!(waits.is_sorted(), "{waits:?}");
        assert!(waits[3] > 10 * DAY, "{waits:?}");
    }

    #[test]
    fn a_wrong_prediction_schedules_the_card_that_explains_it() {
        let new = Review::after_mistake(None, NOW);
        assert!(!new.is_due(NOW));
        assert!(new.is_due(NOW + 10 * MINUTE), "due at {}", new.due_ms());

        let known = Review::first(Rating::Easy, NOW);
        assert!(!known.is_due(NOW + 7 * DAY), "due at {}", known.due_ms());
        let mistaken = Review::after_mistake(Some(known), NOW + DAY);
        assert!(mistaken.is_due(NOW + DAY + 10 * MINUTE));
    }

    #[test]
    fn what_a_browser_keeps_is_read_again() {
        let review = Review::first(Rating::Hard, NOW).next(Rating::Again, NOW + DAY);
        let kept = serde_json::to_string(&review).unwrap();
        assert_eq!(serde_json::from_str::<Review>(&kept).unwrap(), review);
    }

    #[test]
    fn a_clock_that_was_set_back_breaks_nothing() {
        let review = Review::first(Rating::Good, NOW).next(Rating::Good, NOW - 300 * DAY);
        assert!(review.due_ms() >= NOW, "due at {}", review.due_ms());
        let lost = Review::first(Rating::Good, i64::MAX);
        assert!(lost.due_ms() >= 0, "{lost:?}");
    }
}
