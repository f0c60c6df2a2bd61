//! When a cron rule fires, in its time zone.
//!
//! The cron library reads patterns, and finds the firings of those that follow the clock on the
//! wall. Those at fixed times are found here: the library takes every list of hours for an
//! interval, which would lose or double its firings on the days when clocks change.

use std::iter::successors;
use std::str::FromStr;

use croner::{Cron, CronComponent, Weekday};
use glassworks_protocol::excerpt::quoted;
use glassworks_protocol::{FieldError, FiringTime, MissedFirings, Schedule, Timestamp};
use jiff::ToSpan;
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A firing that is later than this was missed: no node was there when it was due.
const LATE_MS: i64 = 30_000;

/// How far ahead a fixed time is looked for, in years: then the calendar repeats itself.
const HORIZON_YEARS: i16 = 400;

/// A cron pattern in a time zone.
///
/// A rule whose hours, minutes and seconds are numbers, lists and ranges is one at fixed times,
/// and fires as the rules for each of its times would together. Where clocks go forward, a time
/// that the day leaves out fires at the first moment after the gap; where they go back, it fires
/// once, at the first of the two moments. Rules with `*` or a step follow the clock on the wall:
/// they skip what it leaves out, and fire again when it repeats itself.
#[derive(Debug)]
pub(crate) struct Rule {
    pattern: Cron,
    zone: TimeZone,
    /// The times of day, in order, of a rule at fixed times.
    fixed: Option<Vec<Time>>,
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
            (Ok(pattern), Ok(zone)) => Ok(Self {
                fixed: fixed_times(&pattern),
                pattern,
                zone,
            }),
            _ => Err(errors),
        }
    }

    /// The first firing after `after`, or `None` when there is none.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = jiff::Timestamp::from_millisecond(after.as_millis()).ok()?;
        let next = match &self.fixed {
            Some(times) => self.next_fixed(times, after)?,
            None => self
                .pattern
                .find_next_occurrence(&after.to_zoned(self.zone.clone()), false)
                .ok()?
                .timestamp(),
        };
        Some(Timestamp::from_millis(next.as_millisecond()))
    }

    /// The next moments after `after`, with what clocks in its zone show then.
    pub(crate) fn firings(&self, after: Timestamp) -> impl Iterator<Item = FiringTime> + '_ {
        successors(self.next(after), |at| self.next(*at)).map(|at| FiringTime {
            at,
            local: self.local(at),
        })
    }

    /// What clocks in its zone show at `at`, with their offset.
    fn local(&self, at: Timestamp) -> String {
        let moment = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        let zoned = moment.to_zoned(self.zone.clone());
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// The first moment after `after` at one of `times` on a day of the pattern.
    fn next_fixed(&self, times: &[Time], after: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let today = after.to_zoned(self.zone.clone()).date();
        let last_year = today.year().saturating_add(HORIZON_YEARS);
        // A time that a gap has moved past midnight belongs to the day before.
        let mut day = today.yesterday().ok()?;
        while day.year() <= last_year {
            if !self.has_month(day)? {
                day = day.first_of_month().checked_add(1.month()).ok()?;
                continue;
            }
            if self.has_day(day)? {
                // Later times of one day are never earlier moments, so the first that fits is it.
                let mut moments = times.iter().filter_map(|time| self.moment(day, *time));
                if let Some(next) = moments.find(|moment| *moment > after) {
                    return Some(next);
                }
            }
            day = day.tomorrow().ok()?;
        }
        None
    }

    fn has_month(&self, day: Date) -> Option<bool> {
        let month = u32::try_from(day.month()).ok()?;
        let pattern = &self.pattern.pattern;
        Some(pattern.month_match(month).ok()? && pattern.year_match(day.year().into()).ok()?)
    }

    fn has_day(&self, date: Date) -> Option<bool> {
        let month = u32::try_from(date.month()).ok()?;
        let day = u32::try_from(date.day()).ok()?;
        let weekday = weekday(date);
        let pattern = &self.pattern.pattern;
        pattern
            .day_match(date.year().into(), month, day, weekday)
            .ok()
    }

    /// When the clock on the wall shows `time` on `day`: for the first time where it does so
    /// twice, and the end of the gap where it never does.
    fn moment(&self, day: Date, time: Time) -> Option<jiff::Timestamp> {
        let wall = day.to_datetime(time);
        let found = self.zone.to_ambiguous_timestamp(wall);
        match found.offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
            AmbiguousOffset::Gap { before, .. } => {
                let within = before.to_timestamp(wall).ok()?;
                // What precedes the next second is the change that made the gap.
                let later = within.checked_add(1.second()).ok()?;
                let change = self.zone.preceding(later).next();
                Some(change.map_or(within, |change| change.timestamp()))
            }
        }
    }
}

/// The times of day of a rule at fixed times, in order; `None` for one that follows the clock.
fn fixed_times(pattern: &Cron) -> Option<Vec<Time>> {
    let fields = &pattern.pattern;
    let hours = fixed(&fields.hours)?;
    let minutes = fixed(&fields.minutes)?;
    let seconds = fixed(&fields.seconds)?;
    let mut times = Vec::with_capacity(hours.len() * minutes.len() * seconds.len());
    for &hour in &hours {
        for &minute in &minutes {
            for &second in &seconds {
                times.push(Time::new(hour, minute, second, 0).ok()?);
            }
        }
    }
    Some(times)
}

/// The values of a field that is a number, a list or a range; `None` where it is written with `*`
/// or a step, or names every value there is, which is the same.
fn fixed(field: &CronComponent) -> Option<Vec<i8>> {
    let values = field.values();
    let every = usize::from(field.max - field.min) + 1;
    if field.from_wildcard || field.step != 1 || values.len() == every {
        return None;
    }
    values
        .into_iter()
        .map(|value| i8::try_from(value).ok())
        .collect()
}

fn weekday(date: Date) -> Weekday {
    match date.weekday() {
        jiff::civil::Weekday::Monday => Weekday::Monday,
        jiff::civil::Weekday::Tuesday => Weekday::Tuesday,
        jiff::civil::Weekday::Wednesday => Weekday::Wednesday,
        jiff::civil::Weekday::Thursday => Weekday::Thursday,
        jiff::civil::Weekday::Friday => Weekday::Friday,
        jiff::civil::Weekday::Saturday => Weekday::Saturday,
        jiff::civil::Weekday::Sunday => Weekday::Sunday,
    }
}

/// Whether a firing that was due at `due` is to submit its task at `now`.
pub(super) fn submits(schedule: &Schedule, due: Timestamp, now: Timestamp) -> bool {
    now.millis_since(due) <= LATE_MS || schedule.missed == MissedFirings::RunOnce
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use croner::Cron;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

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
    fn a_list_of_hours_fires_as_each_of_them_does_when_clocks_change() {
        let fires = |after, count| firings("0 2,14 * * *", "Europe/Berlin", after, count);
        assert_eq!(
            fires("2027-03-27T12:00:00Z", 4),
            [
                "2027-03-27T13:00",
                "2027-03-28T01:00",
                "2027-03-28T12:00",
                "2027-03-29T00:00"
            ]
        );
        assert_eq!(
            fires("2027-10-30T11:00:00Z", 4),
            [
                "2027-10-30T12:00",
                "2027-10-31T00:00",
                "2027-10-31T13:00",
                "2027-11-01T01:00"
            ]
        );
        // A range is a list; times that a gap leaves out fire together, once, at its end.
        assert_eq!(
            firings(
                "0,20 1-3 28 3 *",
                "Europe/Berlin",
                "2027-03-01T00:00:00Z",
                4
            ),
            [
                "2027-03-28T00:00",
                "2027-03-28T00:20",
                "2027-03-28T01:00",
                "2027-03-28T01:20"
            ]
        );
    }

    #[test]
    fn a_rule_with_a_wildcard_or_a_step_follows_the_clock_on_the_wall() {
        assert_eq!(
            firings("0 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 4),
            [
                "2026-10-25T00:00",
                "2026-10-25T01:00",
                "2026-10-25T02:00",
                "2026-10-25T03:00"
            ]
        );
        // Every hour by name is every hour.
        assert_eq!(
            firings("0 0-23 * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 3),
            ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"]
        );
        assert_eq!(
            firings("*/30 2 * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 4),
            [
                "2026-10-25T00:00",
                "2026-10-25T00:30",
                "2026-10-25T01:00",
                "2026-10-25T01:30"
            ]
        );
        assert_eq!(
            firings("0 */2 * * *", "Europe/Berlin", "2026-03-28T23:30:00Z", 2),
            ["2026-03-29T02:00", "2026-03-29T04:00"]
        );
    }

    #[test]
    fn a_day_of_the_month_and_a_weekday_mean_either() {
        // Friday the 7th, Thursday the 13th, Friday the 14th of August 2026.
        assert_eq!(
            firings("0 0 13 * FRI", "UTC", "2026-08-06T00:00:00Z", 3),
            ["2026-08-07T00:00", "2026-08-13T00:00", "2026-08-14T00:00"]
        );
        assert_eq!(
            firings("0 0 * * 7", "UTC", "2026-08-06T00:00:00Z", 1),
            firings("0 0 * * 0", "UTC", "2026-08-06T00:00:00Z", 1)
        );
    }

    #[test]
    fn a_firing_is_told_as_clocks_in_its_zone_show_it() {
        let rule = Rule::read("30 2 * * *", "Europe/Berlin").unwrap();
        let after = "2026-03-27T12:00:00Z".parse().unwrap();
        let local: Vec<_> = rule.firings(after).take(3).map(|it| it.local).collect();
        let expected = [
            "2026-03-28T02:30:00+01:00",
            "2026-03-29T03:00:00+02:00",
            "2026-03-30T02:30:00+02:00",
        ];
        assert_eq!(local, expected);
    }

    #[test]
    fn what_is_wrong_is_told_by_field() {
        let errors = Rule::read("61 * * * *", "Mars/Olympus").unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(pointers, ["/cron", "/time_zone"]);
    }

    #[test]
    fn a_rule_that_never_fires_has_no_next() {
        for pattern in ["0 0 30 2 *", "0 0 0 1 1 * 2020"] {
            let rule = Rule::read(pattern, "UTC").unwrap();
            let next = rule.next("2026-01-01T00:00:00Z".parse().unwrap());
            assert_eq!(next, None, "{pattern}");
        }
        // A leap day on which a century has none in between.
        assert_eq!(
            firings("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1),
            ["2104-02-29T00:00"]
        );
    }

    /// The firings of one fixed time, found by the library alone.
    fn single(pattern: &str, zone: &str, from: jiff::Timestamp, to: jiff::Timestamp) -> Vec<i64> {
        let cron: Cron = pattern.parse().unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let mut found = Vec::new();
        let mut at = from.to_zoned(zone);
        loop {
            at = cron.find_next_occurrence(&at, false).unwrap();
            if at.timestamp() > to {
                return found;
            }
            found.push(at.timestamp().as_millisecond());
        }
    }

    /// Days on which clocks change, forward and back: by an hour in the night, at midnight, and
    /// by half an hour.
    const CHANGES: [(&str, &str); 8] = [
        ("Europe/Berlin", "2027-03-28T00:00:00Z"),
        ("Europe/Berlin", "2027-10-31T00:00:00Z"),
        ("America/New_York", "2027-03-14T00:00:00Z"),
        ("America/New_York", "2027-11-07T00:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04T00:00:00Z"),
        ("America/Sao_Paulo", "2019-02-17T00:00:00Z"),
        ("Australia/Lord_Howe", "2027-04-04T00:00:00Z"),
        ("Australia/Lord_Howe", "2027-10-03T00:00:00Z"),
    ];

    proptest! {
        #[test]
        fn a_list_fires_as_the_rules_for_each_of_its_times_together(
            hours in subsequence((0..24).collect::<Vec<u32>>(), 1..6),
            minutes in subsequence((0..60).collect::<Vec<u32>>(), 1..4),
            (zone, change) in select(&CHANGES[..]),
        ) {
            let join = |values: &[u32]| {
                values.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
            };
            let change: jiff::Timestamp = change.parse().unwrap();
            let day = jiff::SignedDuration::from_hours(24);
            let (from, to) = (change - day, change + day * 2);
            let mut expected = BTreeSet::new();
            for hour in &hours {
                for minute in &minutes {
                    expected.extend(single(&format!("{minute} {hour} * * *"), zone, from, to));
                }
            }
            let list = format!("{} {} * * *", join(&minutes), join(&hours));
            let rule = Rule::read(&list, zone).unwrap();
            let mut found = BTreeSet::new();
            let mut at = super::Timestamp::from_millis(from.as_millisecond());
            while let Some(next) = rule.next(at).filter(|at| at.as_millis() <= to.as_millisecond()) {
                prop_assert!(next > at);
                found.insert(next.as_millis());
                at = next;
            }
            prop_assert_eq!(found, expected, "{} in {}", list, zone);
        }
    }
}
