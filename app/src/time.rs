//! Times and durations in words.

use glassworks_protocol::Timestamp;

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
    use super::{duration, relative, running, utc};
    use glassworks_protocol::Timestamp;

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
