//! When a cron rule fires, in its time zone.

use std::str::FromStr;

use croner::Cron;
use glassworks_protocol::excerpt::quoted;
use glassworks_protocol::{FieldError, MissedFirings, Schedule, Timestamp};
use jiff::tz::TimeZone;

/// A firing that is later than this was missed: no node was there when it was due.
const LATE_MS: i64 = 30_000;

/// A cron pattern in a time zone.
///
/// Where clocks go forward, a rule at a fixed time that the day leaves out fires at the first
/// moment after the gap; where they go back, it fires once, at the first of the two moments. Rules
/// with `*` follow the clock on the wall.
#[derive(Debug)]
pub(crate) struct Rule {
    pattern: Cron,
    zone: TimeZone,
}

impl Rule {
    /// Reads a pattern and a zone's IANA name, or says which of the two is wrong.
    pub(crate) fn read(pattern: &str, zone: &str) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let pattern = Cron::from_str(pattern)
            .map_err(|error| errors.push(FieldError::new("/cron", error.to_string())));
        let zone = TimeZone::get(zone).map_err(|_| {
            let detail = format!("{} is not the IANA name of a time zone", quoted(zone));
            errors.push(FieldError::new("/time_zone", detail));
        });
        match (pattern, zone) {
            (Ok(pattern), Ok(zone)) => Ok(Self { pattern, zone }),
            _ => Err(errors),
        }
    }

    /// The first firing after `after`, or `None` when there is none.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = jiff::Timestamp::from_millisecond(after.as_millis()).ok()?;
        let next = self
            .pattern
            .find_next_occurrence(&after.to_zoned(self.zone.clone()), false)
            .ok()?;
        Some(Timestamp::from_millis(next.timestamp().as_millisecond()))
    }
}

/// Whether a firing that was due at `due` is to submit its task at `now`.
pub(super) fn submits(schedule: &Schedule, due: Timestamp, now: Timestamp) -> bool {
    now.millis_since(due) <= LATE_MS || schedule.missed == MissedFirings::RunOnce
}

#[cfg(test)]
mod tests {
    use super::Rule;

    fn firings(pattern: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let rule = Rule::read(pattern, zone).unwrap();
        let mut at = after.parse().unwrap();
        (0..count)
            .map(|_| {
                at = rule.next(at).unwrap();
                at.to_string().replace(":00.000Z", "")
            })
            .collect()
    }

    #[test]
    fn a_rule_is_read_in_its_time_zone() {
        assert_eq!(
            firings("30 9 * * MON", "Europe/Berlin", "2026-01-01T00:00:00Z", 2),
            ["2026-01-05T08:30", "2026-01-12T08:30"]
        );
        assert_eq!(
            firings(
                "30 9 * * MON",
                "America/New_York",
                "2026-07-01T00:00:00Z",
                1
            ),
            ["2026-07-06T13:30"]
        );
    }

    #[test]
    fn a_fixed_time_fires_once_a_day_when_clocks_change() {
        // 02:30 does not exist on 29 March 2026 in Berlin, and comes twice on 25 October.
        assert_eq!(
            firings("30 2 * * *", "Europe/Berlin", "2026-03-28T02:00:00Z", 2),
            ["2026-03-29T01:00", "2026-03-30T00:30"]
        );
        assert_eq!(
            firings("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30", "2026-10-26T01:30"]
        );
    }

    #[test]
    fn an_hourly_rule_follows_time_itself_through_the_change() {
        assert_eq!(
            firings("0 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 4),
            [
                "2026-10-25T00:00",
                "2026-10-25T01:00",
                "2026-10-25T02:00",
                "2026-10-25T03:00"
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_field() {
        let errors = Rule::read("61 * * * *", "Mars/Olympus").unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(pointers, ["/cron", "/time_zone"]);
    }

    #[test]
    fn a_rule_that_never_fires_has_no_next() {
        let rule = Rule::read("0 0 30 2 *", "UTC").unwrap();
        assert_eq!(rule.next("2026-01-01T00:00:00Z".parse().unwrap()), None);
    }
}
