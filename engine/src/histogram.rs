//! How long things took: counts in buckets of a fixed number, whatever is measured.
//!
//! Buckets are log-linear: eight to each doubling, so that a percentile is at most an eighth
//! above the truth, from microseconds to days, in 2 KiB.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Each doubling has two to the power of this many buckets.
const GRADE: u32 = 3;
/// Durations of two to the power of this many microseconds (38 hours) and more share a bucket.
const CEILING: u32 = 37;
const BUCKETS: usize = ((CEILING - GRADE + 1) << GRADE) as usize;

/// The doublings at which [`Durations::cumulative`] counts: 64 µs to about 36 minutes.
const STEPS: std::ops::RangeInclusive<u32> = 6..=31;

/// Durations since the node started. Recording never waits.
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            sum_us: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get(index(micros)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_us.fetch_add(micros, Ordering::Relaxed);
    }

    /// What was recorded so far.
    pub fn read(&self) -> Durations {
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .collect();
        Durations {
            count: counts.iter().sum(),
            counts,
            sum: Duration::from_micros(self.sum_us.load(Ordering::Relaxed)),
        }
    }
}

/// The bucket of a duration.
fn index(micros: u64) -> usize {
    let doublings = micros.checked_ilog2().unwrap_or(0);
    let index = if doublings < GRADE {
        micros
    } else {
        let step = doublings - GRADE;
        (u64::from(step) << GRADE) + (micros >> step)
    };
    usize::try_from(index)
        .unwrap_or(usize::MAX)
        .min(BUCKETS - 1)
}

/// The shortest duration that is above the bucket at `index`, in microseconds.
fn above(index: usize) -> u64 {
    let next = index as u64 + 1;
    let step = (next >> GRADE).saturating_sub(1);
    if step == 0 {
        next
    } else {
        (next - (step << GRADE)) << step
    }
}

/// What a histogram had recorded at one moment.
#[derive(Clone, Debug)]
pub struct Durations {
    counts: Vec<u64>,
    count: u64,
    sum: Duration,
}

impl Durations {
    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// What `share` of them (0.0 to 1.0) did not exceed, up to an eighth too much; `None` when
    /// nothing was recorded.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is a count, and being off by one of 2^52 is nothing"
    )]
    pub fn percentile(&self, share: f64) -> Option<Duration> {
        let rank = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.map(|index| Duration::from_micros(above(index)))
    }

    /// How many were below each of a fixed row of durations, which double.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        let mut below = 0;
        let mut rest = self.counts.iter().enumerate().peekable();
        STEPS.map(move |doublings| {
            let edge = 1 << doublings;
            while let Some((_, count)) = rest.next_if(|(index, _)| above(*index) <= edge) {
                below += count;
            }
            (Duration::from_micros(edge), below)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BUCKETS, Histogram, above, index};

    #[test]
    fn every_duration_has_its_bucket_and_no_bucket_is_wide() {
        let mut micros = 0_u64;
        let mut last = 0;
        while index(micros) < BUCKETS - 1 {
            let place = index(micros);
            assert!(place == last || place == last + 1, "{micros}");
            assert!(micros < above(place), "{micros}");
            assert!(above(place) - micros <= micros / 8 + 1, "{micros}");
            if place > 0 {
                assert!(above(place - 1) <= micros, "{micros}");
            }
            last = place;
            micros += micros / 50 + 1;
        }
        assert_eq!(index(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_close_and_never_too_small() {
        let histogram = Histogram::default();
        assert_eq!(histogram.read().percentile(0.5), None);
        for millis in 1..=1_000 {
            histogram.record(Duration::from_millis(millis));
        }
        let read = histogram.read();
        for (share, millis) in [(0.5, 500), (0.99, 990), (1.0, 1_000)] {
            let truth = Duration::from_millis(millis);
            let told = read.percentile(share).unwrap();
            assert!(told > truth && told <= truth * 9 / 8, "{share}: {told:?}");
        }
        assert_eq!(read.count(), 1_000);
        assert_eq!(read.sum(), Duration::from_millis(500_500));
    }

    #[test]
    fn counts_below_a_duration_are_exact() {
        let histogram = Histogram::default();
        for micros in [0, 63, 64, 127, 128, 5_000_000, u64::MAX / 2] {
            histogram.record(Duration::from_micros(micros));
        }
        let below: Vec<_> = histogram.read().cumulative().collect();
        assert_eq!(below[0], (Duration::from_micros(64), 2));
        assert_eq!(below[1], (Duration::from_micros(128), 4));
        assert_eq!(below[2], (Duration::from_micros(256), 5));
        assert_eq!(below.last().unwrap().1, 6);
    }
}
