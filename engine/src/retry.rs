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
    // Held finite, so that no wait times any growth is still no wait.
    let growth = policy.factor.powf(exponent).min(f64::MAX);
    let wait = (initial * growth).min(most);
    let spread = 1.0 + JITTER * (2.0 * roll.clamp(0.0, 1.0) - 1.0);
    Duration::try_from_secs_f64((wait * spread / 1_000.0).max(0.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::delay;
    use glassworks_protocol::RetryPolicy;
    use proptest::prelude::*;
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
            max_ms: 86_400_000,
        };
        assert_eq!(delay(&none, u32::MAX, 1.0), Duration::ZERO);
    }

    /// Any policy that is accepted.
    fn policies() -> impl Strategy<Value = RetryPolicy> {
        const DAY: u64 = 86_400_000;
        (0..=DAY, 1.0..=100.0, 0..=DAY).prop_map(|(initial_ms, factor, max_ms)| RetryPolicy {
            initial_ms,
            factor,
            max_ms,
        })
    }

    proptest! {
        #[test]
        fn no_wait_is_shorter_than_the_one_before_it(policy in policies(), attempt in 1..2_000_u32) {
            prop_assert!(delay(&policy, attempt, 0.5) <= delay(&policy, attempt + 1, 0.5));
        }

        #[test]
        fn a_wait_is_within_a_fifth_of_its_middle(
            policy in policies(),
            attempt in 1..=u32::MAX,
            roll in 0.0..=1.0,
        ) {
            let middle = delay(&policy, attempt, 0.5);
            prop_assert!(middle <= Duration::from_millis(policy.max_ms));
            // A nanosecond for rounding.
            let slack = Duration::from_nanos(1);
            let wait = delay(&policy, attempt, roll);
            prop_assert!(wait + slack >= middle * 8 / 10, "{wait:?}");
            prop_assert!(wait <= middle * 12 / 10 + slack, "{wait:?}");
        }
    }
}
