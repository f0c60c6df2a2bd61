//! What a run ends with: figures for each variant, and in words what they show.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::clock::millis;
use super::prober::Exchange;

/// The result of a run. With the task's spans it is enough to replay the run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Which experiment.
    pub(crate) experiment: &'static str,
    /// With which parameters, those that were left out among them.
    pub(crate) parameters: Value,
    /// Cores of the machine.
    pub(crate) cores: usize,
    /// The broken variant first.
    pub(crate) variants: Vec<Measured>,
    /// What was seen, in words, with its figures.
    pub(crate) phenomenon: String,
}

/// What was measured of one variant.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) variant: &'static str,
    pub(crate) title: &'static str,
    /// What to type to try it by hand while the run lasts.
    pub(crate) curl: String,
    /// When its server was up, and when the last request was done.
    pub(crate) started_ms: f64,
    pub(crate) ended_ms: f64,
    pub(crate) requests: u32,
    pub(crate) figures: Vec<Figure>,
    /// The longest time that the server's runtime did not wake up, and the observer's.
    pub(crate) victim_silence_ms: f64,
    pub(crate) observer_silence_ms: f64,
}

/// One figure. Its name is the same in each variant of an experiment.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    /// `null` where nothing was measured: no request, no answer.
    pub(crate) value: Option<f64>,
    pub(crate) unit: Unit,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Ms,
    Count,
    Bytes,
}

impl Figure {
    pub(crate) fn count(name: &'static str, label: &'static str, count: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
        let value = Some(count as f64);
        Self {
            name,
            label,
            value,
            unit: Unit::Count,
        }
    }

    pub(crate) fn bytes(name: &'static str, label: &'static str, bytes: usize) -> Self {
        Self {
            unit: Unit::Bytes,
            ..Self::count(name, label, bytes)
        }
    }

    pub(crate) fn time(
        name: &'static str,
        label: &'static str,
        time: impl Into<Option<Duration>>,
    ) -> Self {
        Self {
            name,
            label,
            value: time.into().map(millis),
            unit: Unit::Ms,
        }
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {} requests:", self.variant, self.requests)?;
        for Figure {
            label, value, unit, ..
        } in &self.figures
        {
            let value = value.map_or("nothing".to_owned(), |value| match unit {
                Unit::Ms => format!("{value:.1} ms"),
                Unit::Count => format!("{value:.0}"),
                Unit::Bytes => format!("{:.0} KiB", value / 1_024.0),
            });
            write!(f, "\n  {label}: {value}")?;
        }
        Ok(())
    }
}

/// The time that a share of `times` stays within: 0.5 for the median. By nearest rank; `None`
/// without any.
pub(crate) fn quantile(times: impl IntoIterator<Item = Duration>, share: f64) -> Option<Duration> {
    let mut times: Vec<Duration> = times.into_iter().collect();
    times.sort_unstable();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank among at most some thousands"
    )]
    let rank = (share * times.len() as f64).ceil() as usize;
    times.get(rank.saturating_sub(1)).copied()
}

/// Median and 99th percentile of how long `exchanges` took.
pub(crate) fn latency<'a>(
    names: [(&'static str, &'static str); 2],
    exchanges: impl IntoIterator<Item = &'a Exchange>,
) -> [Figure; 2] {
    let times: Vec<Duration> = exchanges.into_iter().map(Exchange::took).collect();
    let [median, high] = names;
    [
        Figure::time(median.0, median.1, quantile(times.iter().copied(), 0.5)),
        Figure::time(high.0, high.1, quantile(times, 0.99)),
    ]
}

/// `time` as a person says it.
pub(crate) fn spoken(time: Duration) -> String {
    if time < Duration::from_millis(10) {
        format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
    } else {
        format!("{} ms", time.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::quantile;

    #[test]
    fn a_quantile_is_one_of_the_times() {
        let times = || (1..=100).map(Duration::from_millis);
        assert_eq!(quantile(times(), 0.5), Some(Duration::from_millis(50)));
        assert_eq!(quantile(times(), 0.99), Some(Duration::from_millis(99)));
        assert_eq!(
            quantile(times().take(1), 0.99),
            Some(Duration::from_millis(1))
        );
        assert_eq!(quantile([], 0.5), None);
    }
}
