//! Heartbeats: a runtime is asked to wake up every few milliseconds, and what shows is when it did
//! not.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::clock::Clock;

/// How often a runtime is to wake up.
const EVERY: Duration = Duration::from_millis(10);
/// A runtime that is later than this has been held up: five beats, since a busy machine is late by
/// one or two.
const SILENCE: Duration = Duration::from_millis(50);
/// A stretch without a silence is told in pieces of this length, so that it can be watched.
const PIECE: Duration = Duration::from_millis(250);
/// Pieces that wait to be told; whoever tells them comes more often than this many arise.
const WAITING: usize = 256;

/// A stretch of time in which a runtime woke up as it should, or did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) start: Duration,
    pub(crate) end: Duration,
    pub(crate) silent: bool,
}

/// The heartbeat of one runtime. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Beats {
    clock: Clock,
    strip: Arc<Mutex<Strip>>,
}

#[derive(Debug, Default)]
struct Strip {
    /// Where the stretch that goes on began, and the latest beat.
    open: Option<(Duration, Duration)>,
    closed: Vec<Stretch>,
    longest_silence: Duration,
}

impl Strip {
    fn beat(&mut self, now: Duration) {
        let Some((start, latest)) = self.open else {
            self.open = Some((now, now));
            return;
        };
        if now.saturating_sub(latest) >= SILENCE {
            self.close(start, latest, false);
            self.close(latest, now, true);
            self.longest_silence = self.longest_silence.max(now.saturating_sub(latest));
            self.open = Some((now, now));
        } else if now.saturating_sub(start) >= PIECE {
            self.close(start, now, false);
            self.open = Some((now, now));
        } else {
            self.open = Some((start, now));
        }
    }

    fn close(&mut self, start: Duration, end: Duration, silent: bool) {
        if start < end && self.closed.len() < WAITING {
            self.closed.push(Stretch { start, end, silent });
        }
    }
}

impl Beats {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            strip: Arc::default(),
        }
    }

    /// Beats on the runtime that polls it, for as long as that does.
    pub(crate) async fn beat(self) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.strip.lock().beat(self.clock.now());
        }
    }

    /// The stretches that have ended since they were last taken.
    pub(crate) fn take(&self) -> Vec<Stretch> {
        std::mem::take(&mut self.strip.lock().closed)
    }

    /// The longest time without a beat between two.
    pub(crate) fn longest_silence(&self) -> Duration {
        self.strip.lock().longest_silence
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Stretch, Strip};

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_late_beat_is_a_silence_between_two_stretches() {
        let mut strip = Strip::default();
        for at in [0, 10, 20, 220, 230, 300] {
            strip.beat(ms(at));
        }
        let stretch = |start, end, silent| Stretch {
            start: ms(start),
            end: ms(end),
            silent,
        };
        let expected = [
            stretch(0, 20, false),
            stretch(20, 220, true),
            stretch(220, 230, false),
            stretch(230, 300, true),
        ];
        assert_eq!(strip.closed, expected);
        assert_eq!(strip.longest_silence, ms(200));
    }

    #[test]
    fn a_steady_beat_is_told_in_pieces() {
        let mut strip = Strip::default();
        (0..=60).for_each(|beat| strip.beat(ms(beat * 10)));
        assert_eq!(strip.closed.len(), 2);
        assert!(strip.closed.iter().all(|stretch| !stretch.silent));
    }
}
