//! How long to wait before asking again.

use std::time::Duration;

/// The pauses between tries, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long to wait before each try: longer each time, and spread.
#[derive(Debug)]
pub(crate) struct Patience(Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Patience {
    /// The next pause.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = LONGEST_PAUSE.min(pause * 2);
        // Clients that have lost the same server do not come back together.
        pause.mul_f64(0.75 + rand::random::<f64>() / 2.0)
    }
}
