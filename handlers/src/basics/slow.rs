//! Waiting without holding up anybody, and what a time limit does.

use std::time::Duration;

use glassworks_protocol::{FieldError, Problem, ProblemCode, Waited};
use tokio::time::{Instant, sleep, timeout};

use super::seconds;

/// The wait when nobody says, in seconds.
const DEFAULT_SECONDS: f64 = 3.0;

/// Why there was no wait, or not to its end.
#[derive(Clone, Debug, PartialEq)]
pub enum SlowError {
    /// What was asked for is out of range. Each fault points to a parameter by its name.
    Faults(Vec<FieldError>),
    /// The time limit passed first.
    OutOfTime {
        /// How long the wait was to be, in seconds.
        asked: f64,
        /// How long it might take.
        limit: Duration,
    },
}

impl SlowError {
    /// As a client is told.
    pub fn problem(self) -> Problem {
        match self {
            Self::Faults(faults) => Problem::bad_query(faults),
            Self::OutOfTime { asked, limit } => {
                Problem::new(ProblemCode::OutOfTime).with_detail(format!(
                    "The work was to take {asked} s, and the request allows {} s.",
                    limit.as_secs_f64()
                ))
            }
        }
    }
}

/// Waits for `seconds` (0 to 60, 3 when not given), at most for `limit` seconds (0 to 60).
///
/// Dropping the future ends the wait.
pub async fn slow(seconds: Option<f64>, limit: Option<f64>) -> Result<Waited, SlowError> {
    let mut faults: Vec<FieldError> = Vec::new();
    let mut read = |name, asked| {
        seconds::read(name, asked)
            .map_err(|fault| faults.push(fault))
            .ok()
    };
    let asked = seconds.unwrap_or(DEFAULT_SECONDS);
    let wait = read("seconds", asked).unwrap_or_default();
    let limit = limit.and_then(|limit| read("timeout", limit));
    if !faults.is_empty() {
        return Err(SlowError::Faults(faults));
    }
    let began = Instant::now();
    let work = sleep(wait);
    match limit {
        Some(limit) => timeout(limit, work)
            .await
            .map_err(|_| SlowError::OutOfTime { asked, limit })?,
        None => work.await,
    }
    Ok(Waited {
        message: format!("Waited {asked} s without holding up anybody else."),
        waited_seconds: seconds::written(began.elapsed()),
    })
}

#[cfg(test)]
mod tests {
    use super::{SlowError, slow};

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_shorter_than_the_wait_ends_it() {
        let waited = slow(Some(2.0), Some(2.5)).await.unwrap();
        assert!((waited.waited_seconds - 2.0).abs() < 0.01, "{waited:?}");
        let late = slow(Some(2.0), Some(0.5)).await.unwrap_err();
        assert!(matches!(late, SlowError::OutOfTime { .. }), "{late:?}");
        assert_eq!(late.problem().status, 504);
    }

    #[tokio::test]
    async fn every_fault_is_named() {
        let Err(SlowError::Faults(faults)) = slow(Some(-1.0), Some(61.0)).await else {
            panic!("it was accepted");
        };
        let names: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(names, ["seconds", "timeout"]);
    }
}
