//! How long to wait before another attempt.

use std::time::Duration;

use glassworks_protocol::RetryPolicy;

/// How far a wait may be spread either way, as a part of itself.
const JITTER: f64 = 0.2;

/// The wait after failed attempt `attempt` (from 1): exponential backoff, capped, then spread.
///
/// `roll` is a random number from 0 to 1; 0.5 gives the wait without jitter. The spread keeps
/// tasks that failed together from returning together (Brooker, "Exponential Backoff And
/// Jitter", AWS Architecture Blog, 2015), and stays narrow so that the waits remain predictable.
pub(crate) fn delay(policy: &RetryPolicy, attempt: u32, roll: f64) -> Duration {
    #[expect(
        clippy::cast_precision_loss,
        reason = "both are at most a day in milliseconds"
    )]
    let (initial, most) = (policy.initial_ms as f64, policy.max_ms as f64);
    let exponent = f64::from(attempt.saturating_sub(1));
    let wait = (initial * policy.factor.powf(exponent)).min(most);
    let spread = 1.0 + JITTER * (2.0 * roll.clamp(0.0, 1.0) - 1.0);
    let millis = if wait.is_finite() { wait * spread } else { 0.0 };
    Duration::try_from_secs_f64((millis / 1_000.0).max(0.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::delay;
    use glassworks_protocol::RetryPolicy;
    use std::time::Duration;

    #[test]
    fn waits_grow_fourfold_to_an_hour_by_default() {
        let policy = RetryPolicy::default();
        let waits: Vec<u64> = (1..=8)
            .map(|attempt| delay(&policy, attempt, 0.5).as_secs())
            .collect();
        assert_eq!(waits, [1, 4, 16, 64, 256, 1024, 3600, 3600]);
    }

    #[test]
    fn jitter_spreads_by_a_fifth_either_way() {
        let policy = RetryPolicy {
            initial_ms: 10_000,
            ..RetryPolicy::default()
        };
        assert_eq!(delay(&policy, 1, 0.0), Duration::from_secs(8));
        assert_eq!(delay(&policy, 1, 1.0), Duration::from_secs(12));
    }

    #[test]
    fn extremes_stay_in_range() {
        let policy = RetryPolicy {
            initial_ms: 86_400_000,
            factor: 100.0,
            max_ms: 86_400_000,
        };
        assert!(delay(&policy, u32::MAX, 1.0) <= Duration::from_mins(1_728));
        let none = RetryPolicy {
            initial_ms: 0,
            factor: 100.0,
            max_ms: 0,
        };
        assert_eq!(delay(&none, u32::MAX, 1.0), Duration::ZERO);
    }
}
