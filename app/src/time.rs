//! Times and durations in words.

use std::fmt;
use std::str::FromStr;

use glassworks_protocol::Timestamp;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// A moment as somebody writes it: a date and time, a day, or a while ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// This moment.
    At(Timestamp),
    /// The day, in UTC, that begins then.
    Day(Timestamp),
    /// So many of a unit before now.
    Ago(u32, char),
}

impl When {
    /// The first moment of it. Of a while ago, the minute: lists that are opened within one are the
    /// same list.
    pub(crate) fn begins(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) | Self::Day(at) => at,
            Self::Ago(count, unit) => {
                let at = now.as_millis() - i64::from(count) * unit_ms(unit).unwrap_or(0);
                Timestamp::from_millis(at - at.rem_euclid(MINUTE_MS))
            }
        }
    }

    /// The first moment after it.
    pub(crate) fn ends(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Day(at) => at.plus_millis(DAY_MS),
            other => other.begins(now),
        }
    }
}

const fn unit_ms(unit: char) -> Option<i64> {
    match unit {
        'm' => Some(MINUTE_MS),
        'h' => Some(60 * MINUTE_MS),
        'd' => Some(DAY_MS),
        _ => None,
    }
}

/// A text that is no moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoMoment;

impl FromStr for When {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(unit) = text.chars().last().filter(|unit| unit_ms(*unit).is_some()) {
            let count = text[..text.len() - 1].parse().map_err(|_| NoMoment)?;
            return Ok(Self::Ago(count, unit));
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        let day = format!("{text}T00:00:00Z");
        day.parse().map(Self::Day).map_err(|_| NoMoment)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => at.fmt(f),
            Self::Day(at) => f.write_str(at.to_string().split('T').next().unwrap_or_default()),
            Self::Ago(count, unit) => write!(f, "{count}{unit}"),
        }
    }
}

/// The present: the server's, or the browser's.
pub(crate) fn now() -> Timestamp {
    #[cfg(not(target_family = "wasm"))]
    let now = Timestamp::now();
    #[cfg(target_family = "wasm")]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a date in milliseconds is far below 2^53"
    )]
    let now = Timestamp::from_millis(js_sys::Date::now() as i64);
    now
}

/// A moment to the second, in UTC: `2026-11-23 06:15:33 UTC`. The same on server and browser,
/// whatever their time zones, so that hydration finds what it expects.
pub(crate) fn utc(at: Timestamp) -> String {
    let written = at.to_string();
    let second = written.split('.').next().unwrap_or(&written);
    format!("{} UTC", second.replace('T', " "))
}

/// A length of time in milliseconds, with about three significant digits.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{seconds}.{:02} s", ms % 1_000 / 10),
        10_000..60_000 => format!("{seconds}.{} s", ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3_600_000..86_400_000 => {
            format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60)
        }
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// The length so far of something that goes on: whole seconds, since tenths would only flicker.
pub(crate) fn running(ms: u64) -> String {
    match ms {
        0..60_000 => format!("{} s", ms / 1_000),
        _ => duration(ms),
    }
}

/// How `at` lies to `now`: `12 s ago`, `in 5 min`. Clocks differ a little between machines, so
/// the second around now is `just now`.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let ms = now.millis_since(at);
    let seconds = ms.unsigned_abs() / 1_000;
    let amount = match seconds {
        0 => return "just now".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    };
    if ms < 0 {
        format!("in {amount}")
    } else {
        format!("{amount} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::{When, duration, relative, running, utc};
    use glassworks_protocol::Timestamp;

    #[test]
    fn a_moment_is_read_as_people_write_it() {
        let now: Timestamp = "2026-11-26T12:00:30Z".parse().unwrap();
        for (text, begins, ends) in [
            ("2h", "2026-11-26T10:00:00.000Z", "2026-11-26T10:00:00.000Z"),
            (
                "15m",
                "2026-11-26T11:45:00.000Z",
                "2026-11-26T11:45:00.000Z",
            ),
            ("7d", "2026-11-19T12:00:00.000Z", "2026-11-19T12:00:00.000Z"),
            (
                "2026-11-23",
                "2026-11-23T00:00:00.000Z",
                "2026-11-24T00:00:00.000Z",
            ),
            (
                "2026-11-23T08:15:33+02:00",
                "2026-11-23T06:15:33.000Z",
                "2026-11-23T06:15:33.000Z",
            ),
        ] {
            let when: When = text.parse().unwrap();
            assert_eq!(when.begins(now).to_string(), begins, "{text}");
            assert_eq!(when.ends(now).to_string(), ends, "{text}");
            assert_eq!(when.to_string().parse(), Ok(when));
        }
        for none in [
            "",
            "h",
            "-2h",
            "2 h",
            "99999999999d",
            "yesterday",
            "2026-13-01",
        ] {
            assert!(none.parse::<When>().is_err(), "{none}");
        }
        assert!(
            "4294967295d"
                .parse::<When>()
                .unwrap()
                .begins(now)
                .as_millis()
                < 0
        );
    }

    #[test]
    fn a_moment_reads_the_same_everywhere() {
        let at: Timestamp = "2026-11-23T08:15:33.987+02:00".parse().unwrap();
        assert_eq!(utc(at), "2026-11-23 06:15:33 UTC");
    }

    #[test]
    fn durations_keep_about_three_digits() {
        let cases = [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_234, "1.23 s"),
            (12_345, "12.3 s"),
            (61_000, "1 min 01 s"),
            (3_725_000, "1 h 02 min"),
            (90_000_000, "1 d 1 h"),
        ];
        for (ms, words) in cases {
            assert_eq!(duration(ms), words);
        }
    }

    #[test]
    fn what_goes_on_is_counted_in_seconds() {
        let cases = [(12, "0 s"), (7_999, "7 s"), (60_000, "1 min 00 s")];
        for (ms, words) in cases {
            assert_eq!(running(ms), words);
        }
    }

    #[test]
    fn relative_times_look_both_ways() {
        let now = Timestamp::from_millis(1_000_000_000);
        assert_eq!(relative(now.plus_millis(-12_300), now), "12 s ago");
        assert_eq!(relative(now.plus_millis(300_000), now), "in 5 min");
        assert_eq!(relative(now.plus_millis(400), now), "just now");
    }
}
