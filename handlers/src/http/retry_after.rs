//! `Retry-After`: when the other side wants to be asked again (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// The longest wait that is granted: longer, and the operator should hear of the failure.
const LONGEST: Duration = Duration::from_hours(24);

/// How long to wait from `now`, as far as the header says; at most a day.
pub(super) fn wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number that is too great does not parse, and the longest is granted for that.
        text.parse().map_or(LONGEST, Duration::from_secs)
    } else {
        let moment = httpdate::parse_http_date(text).ok()?;
        // A moment that is past: at once.
        moment.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use http::{HeaderMap, HeaderValue};

    use super::{LONGEST, wait};

    fn read(text: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static(text));
        // Sun, 06 Nov 1994 08:49:37 GMT
        wait(
            &headers,
            SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777),
        )
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(read("120"), Some(Duration::from_mins(2)));
        assert_eq!(read("0"), Some(Duration::ZERO));
        let in_a_minute = Some(Duration::from_mins(1));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:37 GMT"), in_a_minute);
        assert_eq!(read("Sunday, 06-Nov-94 08:50:37 GMT"), in_a_minute);
        assert_eq!(read("Sun Nov  6 08:50:37 1994"), in_a_minute);
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_too_long_is_cut_and_what_is_nonsense_is_nothing() {
        assert_eq!(read("999999999999999999999999"), Some(LONGEST));
        assert_eq!(read("Sat, 06 Nov 2094 08:50:37 GMT"), Some(LONGEST));
        for nonsense in ["", "-1", "1.5", "soon", "+3"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }
}
