//! The one clock of a run: the server's times and the prober's are read from it.

use std::time::{Duration, Instant};

use glassworks_engine::Run;

/// Tells how long the attempt has run, on every thread. It is monotonic, and the same that the
/// task's spans are measured by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// The clock of `run`.
    pub(crate) fn of(run: &Run) -> Self {
        let now = Instant::now();
        Self(now.checked_sub(run.elapsed()).unwrap_or(now))
    }

    /// How long the attempt has run.
    pub(crate) fn now(self) -> Duration {
        self.0.elapsed()
    }
}

/// `span` in milliseconds, to a thousandth.
pub(crate) fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}
