//! RFC 3339 times and milliseconds since the Unix epoch, each as the other.
//!
//! Written out here, because the browser loads this code: a date library would be a tenth of all
//! that it loads. The tests compare it with one.

use std::fmt;

/// `0000-01-01T00:00:00.000Z`, the first moment that RFC 3339 can write.
pub(super) const FIRST: i64 = -62_167_219_200_000;
/// `9999-12-31T23:59:59.999Z`, the last.
pub(super) const LAST: i64 = 253_402_300_799_999;

const DAY: i64 = 86_400_000;

/// Writes the moment, which lies between [`FIRST`] and [`LAST`].
pub(super) fn write(millis: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (year, month, day) = date(millis.div_euclid(DAY));
    let rest = millis.rem_euclid(DAY);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1_000 % 60, rest % 1_000);
    write!(
        f,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"
    )
}

/// Reads a time with any offset (RFC 3339, section 5.6). What is finer than a millisecond is cut
/// off; a leap second is read as the second before it.
pub(super) fn read(text: &str) -> Option<i64> {
    let mut rest = text.as_bytes();
    let year = number(&mut rest, 4)?;
    let month = number(skip(&mut rest, b"-")?, 2)?;
    let day = number(skip(&mut rest, b"-")?, 2)?;
    let hour = number(skip(&mut rest, b"Tt ")?, 2)?;
    let minute = number(skip(&mut rest, b":")?, 2)?;
    let second = number(skip(&mut rest, b":")?, 2)?;
    let milli = fraction(&mut rest)?;
    let offset = offset(rest)?;
    let is_real = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let of_day = ((hour * 60 + minute) * 60 + second.min(59)) * 1_000 + milli;
    let millis = days(year, month, day) * DAY + of_day - offset * 60_000;
    (is_real && (FIRST..=LAST).contains(&millis)).then_some(millis)
}

fn skip<'a, 'b>(rest: &'a mut &'b [u8], any_of: &[u8]) -> Option<&'a mut &'b [u8]> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    any_of.contains(first).then_some(rest)
}

/// The number that the next `digits` digits make.
fn number(rest: &mut &[u8], digits: usize) -> Option<i64> {
    let (number, after) = rest.split_at_checked(digits)?;
    *rest = after;
    number.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + i64::from(byte - b'0'))
    })
}

/// Milliseconds after the second, when a fraction follows.
fn fraction(rest: &mut &[u8]) -> Option<i64> {
    let Some(digits) = rest.strip_prefix(b".") else {
        return Some(0);
    };
    let length = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, after) = digits.split_at(length);
    *rest = after;
    let milli = |place: usize| digits.get(place).map_or(0, |byte| i64::from(byte - b'0'));
    (length > 0).then(|| milli(0) * 100 + milli(1) * 10 + milli(2))
}

/// Minutes by which the local time is ahead of UTC.
fn offset(rest: &[u8]) -> Option<i64> {
    let (sign, mut rest) = match rest {
        b"Z" | b"z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let hours = number(&mut rest, 2)?;
    let minutes = number(skip(&mut rest, b":")?, 2)?;
    (rest.is_empty() && hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

// The two below are Howard Hinnant's `days_from_civil` and `civil_from_days`, in which a year
// begins in March, so that the leap day is its last (howardhinnant.github.io/date_algorithms.html).

/// Days since the Unix epoch.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of so many days since the Unix epoch.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12 + 1;
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{DAY, FIRST, LAST, date, days, read};
    use crate::Timestamp;

    fn written(millis: i64) -> String {
        Timestamp::from_millis(millis).to_string()
    }

    #[test]
    fn every_day_is_itself_again() {
        for day in (FIRST / DAY)..=(LAST / DAY) {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }

    #[test]
    fn writes_and_reads_what_a_date_library_does() {
        // A stride that is a prime, so that it meets all times of day and all days of a year.
        let mut millis = FIRST;
        while millis <= LAST {
            let theirs = jiff::Timestamp::from_millisecond(millis).unwrap();
            assert_eq!(written(millis), format!("{theirs:.3}"));
            assert_eq!(read(&written(millis)), Some(millis));
            millis += 7_862_400_029;
        }
    }

    #[test]
    fn refuses_and_takes_what_a_date_library_does() {
        let times = [
            "2024-02-29T12:00:00Z",
            "2023-02-29T12:00:00Z",
            "2100-02-29T12:00:00Z",
            "2000-02-29 12:00:00.5+05:30",
            "2026-11-23t06:15:33.1239999z",
            "2026-11-23T06:15:33-00:00",
            "2016-12-31T23:59:60Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-32T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+24:60",
            "2026-01-01T00:00:00Z and more",
            "+026-01-01T00:00:00Z",
            "2026-01-01",
            "tomorrow",
            "",
            "ü",
        ];
        for time in times {
            let theirs = time
                .parse::<jiff::Timestamp>()
                .ok()
                .map(jiff::Timestamp::as_millisecond);
            assert_eq!(read(time), theirs, "{time}");
        }
    }

    #[test]
    fn the_bounds_are_the_first_and_the_last_moment() {
        assert_eq!(written(FIRST), "0000-01-01T00:00:00.000Z");
        assert_eq!(written(LAST), "9999-12-31T23:59:59.999Z");
        assert_eq!(read("0000-01-01T00:00:00+00:01"), None);
        assert_eq!(read("9999-12-31T23:59:59-00:01"), None);
    }
}
