//! Seconds, as people type and read them in the small demonstration endpoints.

use std::time::Duration;

use glassworks_protocol::FieldError;

/// The longest span that can be asked for, in seconds.
const LONGEST: f64 = 60.0;

/// The span that the query parameter `name` asks for: 0 to 60 seconds, fractions allowed.
pub(super) fn read(name: &str, seconds: f64) -> Result<Duration, FieldError> {
    // What is not a number is in no range.
    if (0.0..=LONGEST).contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err(FieldError::new(
        name,
        format!("must be 0 to {LONGEST} seconds"),
    ))
}

/// `span` in seconds, to the millisecond.
pub(super) fn written(span: Duration) -> f64 {
    (span.as_secs_f64() * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{read, written};

    #[test]
    fn what_is_no_span_of_a_minute_is_refused() {
        for seconds in [-0.1, 60.1, f64::INFINITY, f64::NAN] {
            assert_eq!(read("seconds", seconds).unwrap_err().pointer, "seconds");
        }
        assert_eq!(read("seconds", -0.0), Ok(Duration::ZERO));
        assert_eq!(read("seconds", 0.25), Ok(Duration::from_millis(250)));
        assert_eq!(read("seconds", 60.0), Ok(Duration::from_mins(1)));
    }

    #[test]
    fn spans_are_told_to_the_millisecond() {
        let told = written(Duration::from_micros(1_234_567));
        assert!((told - 1.235).abs() < 1e-9, "{told}");
    }
}
