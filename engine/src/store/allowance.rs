//! How many tasks a queue may start now. Pure, and the same for every store.

use glassworks_protocol::{QueueSettings, RateLimit, Timestamp};

/// How many tasks a queue may start now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// So many; `u32::MAX` when nothing limits it.
    pub tasks: u32,
    /// When the next one is allowed, where none is now: by the rate, or when a pause ends by itself.
    pub next: Option<Timestamp>,
}

/// What a queue's settings allow at `now`, with `here` of its tasks running on this node and
/// `everywhere` on all nodes.
pub fn allowance(
    settings: &QueueSettings,
    pace: Pace,
    here: u64,
    everywhere: u64,
    now: Timestamp,
) -> Allowance {
    if settings.is_paused(now) {
        return Allowance {
            tasks: 0,
            next: settings.paused_until,
        };
    }
    let left = |limit: Option<u32>, running: u64| {
        limit.map_or(u32::MAX, |limit| {
            limit.saturating_sub(u32::try_from(running).unwrap_or(u32::MAX))
        })
    };
    let slots = left(settings.concurrency, here).min(left(settings.max_running, everywhere));
    match settings.rate {
        None => Allowance {
            tasks: slots,
            next: None,
        },
        Some(rate) => {
            let starts = pace.starts(rate, now);
            Allowance {
                tasks: slots.min(starts),
                next: (starts == 0).then(|| pace.next(rate)),
            }
        }
    }
}

/// How far ahead of its rate a queue is: the generic cell rate algorithm (ITU-T I.371).
///
/// The value is the theoretical arrival time of the next start, in microseconds since the Unix
/// epoch. One number is all that has to be stored, and a restart changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace(pub i64);

impl Pace {
    /// The pace at most one span ahead of `now`, which is as far as `rate` itself can put it. A
    /// slower rate before it, or a clock that has been set back, puts it further.
    #[must_use]
    pub fn within(self, rate: RateLimit, now: Timestamp) -> Self {
        Self(self.0.min(micros(now).saturating_add(span(rate))))
    }

    /// How many tasks may start at `now`.
    fn starts(self, rate: RateLimit, now: Timestamp) -> u32 {
        let now = micros(now);
        let room = now.saturating_add(span(rate)) - self.0.max(now);
        u32::try_from(room / interval(rate))
            .unwrap_or(0)
            .min(rate.tasks)
    }

    /// When the next task may start, where none may now.
    fn next(self, rate: RateLimit) -> Timestamp {
        let at = self.0 + interval(rate) - span(rate);
        // Rounded up: a moment too early would find nothing allowed.
        Timestamp::from_millis(at.div_euclid(1_000) + i64::from(at.rem_euclid(1_000) > 0))
    }

    /// The pace after `tasks` starts at `now`.
    #[must_use]
    pub fn after(self, rate: RateLimit, tasks: u32, now: Timestamp) -> Self {
        Self(self.0.max(micros(now)) + i64::from(tasks) * interval(rate))
    }
}

fn micros(at: Timestamp) -> i64 {
    at.as_millis().saturating_mul(1_000)
}

/// Microseconds in which the whole allowance comes back.
fn span(rate: RateLimit) -> i64 {
    i64::from(rate.tasks.max(1)) * interval(rate)
}

/// Microseconds between two starts, at least one.
fn interval(rate: RateLimit) -> i64 {
    (i64::from(rate.per_ms) * 1_000 / i64::from(rate.tasks.max(1))).max(1)
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Pace, allowance};
    use glassworks_protocol::{QueueSettings, RateLimit, Timestamp};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn tasks(settings: QueueSettings, here: u64, everywhere: u64) -> u32 {
        allowance(&settings, Pace::default(), here, everywhere, at(0)).tasks
    }

    #[test]
    fn the_tightest_limit_holds() {
        let none = QueueSettings::default();
        assert_eq!(tasks(none, 7, 7), u32::MAX);
        let both = QueueSettings {
            concurrency: Some(5),
            max_running: Some(8),
            ..none
        };
        assert_eq!(tasks(both, 1, 1), 4);
        assert_eq!(tasks(both, 1, 6), 2);
        assert_eq!(tasks(both, 9, 9), 0);
        let paused = QueueSettings {
            paused: true,
            ..none
        };
        assert_eq!(tasks(paused, 0, 0), 0);
    }

    #[test]
    fn a_pause_ends_by_itself_when_it_was_told_to() {
        let settings = QueueSettings {
            paused: true,
            paused_until: Some(at(500)),
            ..QueueSettings::default()
        };
        let look = |now| allowance(&settings, Pace::default(), 0, 0, now);
        let waits = Allowance {
            tasks: 0,
            next: Some(at(500)),
        };
        assert_eq!(look(at(499)), waits);
        assert_eq!(look(at(500)).tasks, u32::MAX);
        assert_eq!(settings.at(at(499)), settings);
        assert_eq!(settings.at(at(500)), QueueSettings::default());
    }

    #[test]
    fn a_rate_gives_a_burst_and_then_one_start_an_interval() {
        let rate = RateLimit {
            tasks: 2,
            per_ms: 1_000,
        };
        let settings = QueueSettings {
            rate: Some(rate),
            ..QueueSettings::default()
        };
        let look = |pace, now| allowance(&settings, pace, 0, 0, now);
        let mut pace = Pace::default();
        assert_eq!(look(pace, at(0)).tasks, 2);
        pace = pace.after(rate, 2, at(0));
        let none = Allowance {
            tasks: 0,
            next: Some(at(500)),
        };
        assert_eq!(look(pace, at(0)), none);
        assert_eq!(look(pace, at(499)), none);
        assert_eq!(look(pace, at(500)).tasks, 1);
        pace = pace.after(rate, 1, at(500));
        assert_eq!(look(pace, at(999)).tasks, 0);
        assert_eq!(look(pace, at(60_000)).tasks, 2);
    }

    #[test]
    fn the_next_start_is_never_said_to_be_too_early() {
        // An interval of 333.333 ms.
        let rate = RateLimit {
            tasks: 3,
            per_ms: 1_000,
        };
        let settings = QueueSettings {
            rate: Some(rate),
            ..QueueSettings::default()
        };
        let look = |pace, now| allowance(&settings, pace, 0, 0, now);
        let pace = Pace::default().after(rate, 3, at(0));
        let none = Allowance {
            tasks: 0,
            next: Some(at(334)),
        };
        assert_eq!(look(pace, at(0)), none);
        assert_eq!(look(pace, at(333)), none);
        assert_eq!(look(pace, at(334)).tasks, 1);
    }

    #[test]
    fn a_pace_is_brought_within_the_reach_of_its_rate() {
        let rate = |per_ms| RateLimit { tasks: 1, per_ms };
        let settings = QueueSettings {
            rate: Some(rate(1_000)),
            ..QueueSettings::default()
        };
        let next = |pace| allowance(&settings, pace, 0, 0, at(0)).next;
        let raised = Pace::default().after(rate(86_400_000), 1, at(0));
        assert_eq!(next(raised.within(rate(1_000), at(0))), Some(at(1_000)));
        let set_back = Pace::default().after(rate(1_000), 1, at(3_600_000));
        assert_eq!(next(set_back.within(rate(1_000), at(0))), Some(at(1_000)));
        let held = Pace::default().after(rate(1_000), 1, at(0));
        assert_eq!(held.within(rate(1_000), at(300)), held);
    }
}
