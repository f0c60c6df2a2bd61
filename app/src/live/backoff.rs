//! How long to wait before connecting again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);

/// The wait after `failures` attempts in a row (at least 1): doubling from half a second to 15
/// seconds, of which `random` (0.0 to 1.0) takes up to half off, so that browsers which lost the
/// same server do not return in the same moment.
pub(crate) fn wait(failures: u32, random: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(10);
    let full = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    full.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, wait};
    use std::time::Duration;

    #[test]
    fn grows_to_a_bound() {
        assert_eq!(wait(1, 0.0), Duration::from_millis(500));
        assert_eq!(wait(3, 0.0), Duration::from_secs(2));
        assert_eq!(wait(u32::MAX, 0.0), LONGEST);
    }

    #[test]
    fn jitter_takes_off_at_most_half() {
        assert_eq!(wait(1, 1.0), Duration::from_millis(250));
        assert_eq!(wait(1, 7.0), Duration::from_millis(250));
    }
}
