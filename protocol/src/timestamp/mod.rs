//! A moment in time as Glassworks writes it: RFC 3339, UTC, milliseconds.

mod rfc3339;

use std::fmt;
use std::str::FromStr;
#[cfg(not(target_family = "wasm"))]
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in time, to the millisecond.
///
/// Written as RFC 3339 in UTC (`2026-11-23T06:15:33.120Z`); read from RFC 3339 with any offset.
/// The inner value is milliseconds since the Unix epoch, which is also what the stores keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime, example = "2026-11-23T06:15:33.120Z"))]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment from milliseconds since the Unix epoch, held within the years 0 to 9999, which
    /// are those that RFC 3339 can write.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(rfc3339::FIRST, rfc3339::LAST))
    }

    /// Milliseconds since the Unix epoch; negative before it.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// The system clock's present moment. Not for wasm, where there is no system clock.
    #[cfg(not(target_family = "wasm"))]
    pub fn now() -> Self {
        let (since, sign) = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => (since, 1),
            Err(before) => (before.duration(), -1),
        };
        Self::from_millis(sign * i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// This moment moved later by `millis` (earlier when negative), saturating.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc3339::write(self.0, f)
    }
}

/// A text that is not an RFC 3339 time between the years 0 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTimestamp;

impl fmt::Display for InvalidTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an RFC 3339 time such as 2026-01-31T09:30:00Z")
    }
}

impl std::error::Error for InvalidTimestamp {}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        rfc3339::read(text).map(Self).ok_or(InvalidTimestamp)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rfc3339;

        impl de::Visitor<'_> for Rfc3339 {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time such as 2026-01-31T09:30:00Z")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Rfc3339)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn is_written_in_utc_with_milliseconds() {
        let moment: Timestamp = "2026-01-31T09:30:00+02:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-01-31T07:30:00.000Z");
        let written = serde_json::to_string(&moment.plus_millis(5)).unwrap();
        assert_eq!(written, r#""2026-01-31T07:30:00.005Z""#);
        let read: Timestamp = serde_json::from_str(&written).unwrap();
        assert_eq!(read, moment.plus_millis(5));
    }

    #[test]
    fn every_moment_can_be_written_and_read_again() {
        let last: Timestamp = "9999-12-30T22:00:00.999Z".parse().unwrap();
        for moment in [
            Timestamp::from_millis(i64::MIN),
            Timestamp::from_millis(i64::MAX),
            Timestamp::from_millis(0).plus_millis(i64::MAX),
            last,
        ] {
            let written = serde_json::to_string(&moment).unwrap();
            let read: Timestamp = serde_json::from_str(&written).unwrap();
            assert_eq!(read, moment, "{written}");
        }
    }

    #[test]
    fn names_what_it_wanted() {
        let error = serde_json::from_str::<Timestamp>(r#""tomorrow""#).unwrap_err();
        assert!(error.to_string().contains("RFC 3339"), "{error}");
    }
}
