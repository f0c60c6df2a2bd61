//! Numbers as people type them.

use std::str::FromStr;
use std::time::Duration;

use serde_json::{Number, Value};

use crate::json;

/// A number; a whole one stays whole, so that `5` does not travel as `5.0`.
pub(super) fn number(text: &str, must_be_whole: bool) -> Result<Number, String> {
    // As JSON writes it.
    match serde_json::from_str(text) {
        Ok(Value::Number(number)) => {
            if must_be_whole && !(number.is_u64() || number.is_i64()) {
                return Err(format!("`{text}` is not a whole number"));
            }
            Ok(number)
        }
        _ => Err(format!("`{text}` is not a number")),
    }
}

/// A whole number that fits where it goes.
pub(super) fn integer<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a whole number that fits here"))
}

/// Seconds, as they are typed, in milliseconds, as they travel.
pub(super) fn millis(text: &str) -> Result<u64, String> {
    json::float(&number(text, false)?)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .and_then(|time| u64::try_from(time.as_millis()).ok())
        .ok_or_else(|| format!("`{text}` is not a number of seconds"))
}
