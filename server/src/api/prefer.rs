//! `Prefer: wait=N` (RFC 7240): a client that would rather wait for the end than ask again.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::openapi::header;

/// RFC 7240, section 2.
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// RFC 7240, section 3.
pub(crate) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The longest wait that is granted, in seconds: proxies give up on silent answers soon after.
const LONGEST_WAIT: u64 = 60;

/// How long to wait for a task's end, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait(u64);

impl Wait {
    /// The wait that is asked for, at most [`LONGEST_WAIT`]. A preference that cannot be read is
    /// no preference, and of several the first counts (RFC 7240, section 2).
    pub(crate) fn asked(headers: &HeaderMap) -> Option<Self> {
        headers
            .get_all(PREFER)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|preference| preference.split(';').next()?.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
            .and_then(|(_, seconds)| seconds.trim().trim_matches('"').parse().ok())
            .map(|seconds: u64| Self(seconds.min(LONGEST_WAIT)))
    }

    /// How long that is.
    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }

    /// What `Preference-Applied` says of it.
    pub(crate) fn applied(self) -> String {
        format!("wait={}", self.0)
    }
}

impl IntoParams for Wait {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![header::optional(
            "Prefer",
            "`wait=N` asks the answer to wait for the task's end (RFC 7240), for N seconds, of \
             which at most 60 are granted.",
            |text| text,
        )]
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{PREFER, Wait};

    fn asked(values: &[&str]) -> Option<u64> {
        let headers: HeaderMap = values
            .iter()
            .map(|value| (PREFER, value.parse().unwrap()))
            .collect();
        Wait::asked(&headers).map(|Wait(seconds)| seconds)
    }

    #[test]
    fn a_wait_is_found_among_preferences() {
        assert_eq!(asked(&["wait=10"]), Some(10));
        assert_eq!(asked(&["respond-async, Wait = \"7\"; x=y"]), Some(7));
        assert_eq!(asked(&["return=minimal", "wait=3, wait=9"]), Some(3));
        assert_eq!(asked(&["wait=86400"]), Some(60));
    }

    #[test]
    fn what_cannot_be_read_is_no_preference() {
        for value in ["", "wait", "wait=", "wait=soon", "wait=-1", "waits=1"] {
            assert_eq!(asked(&[value]), None, "{value}");
        }
        assert_eq!(asked(&[]), None);
    }
}
