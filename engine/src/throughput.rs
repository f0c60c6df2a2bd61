//! What was done in each of the last seconds.

use glassworks_protocol::{Event, EventBody, State};

/// Seconds that are remembered: five minutes.
const KEPT: usize = 300;

/// What was done in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Second {
    pub(crate) submitted: u32,
    pub(crate) completed: u32,
    pub(crate) failed: u32,
}

/// A ring of seconds, numbered from the node's start.
pub(crate) struct Throughput {
    ring: [Second; KEPT],
    /// The number of the second that is being counted.
    now: u64,
}

impl Default for Throughput {
    fn default() -> Self {
        Self {
            ring: [Second::default(); KEPT],
            now: 0,
        }
    }
}

impl Throughput {
    /// Counts committed events in second `now`.
    pub(crate) fn count(&mut self, events: &[Event], now: u64) {
        self.advance(now);
        let second = &mut self.ring[place(self.now)];
        for event in events {
            if event.seq == 1 {
                second.submitted += 1;
            }
            match event.body {
                EventBody::State {
                    state: State::Completed,
                    ..
                } => second.completed += 1,
                EventBody::State {
                    state: State::Failed,
                    ..
                } => second.failed += 1,
                _ => {}
            }
        }
    }

    /// The last seconds before `now`, oldest first. The one that is not over is left out.
    pub(crate) fn read(&mut self, now: u64) -> impl Iterator<Item = Second> {
        self.advance(now);
        let first = self.now.saturating_sub(KEPT as u64 - 1);
        (first..self.now).map(|second| self.ring[place(second)])
    }

    /// Forgets what the seconds up to `now` were in the ring's last round.
    fn advance(&mut self, now: u64) {
        // A clock that two threads read may seem to go back.
        let ahead = now.saturating_sub(self.now).min(KEPT as u64);
        for second in 1..=ahead {
            self.ring[place(now.saturating_sub(ahead) + second)] = Second::default();
        }
        self.now = self.now.max(now);
    }
}

fn place(second: u64) -> usize {
    // Cannot fail: the remainder is less than the ring's length.
    usize::try_from(second % KEPT as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{Event, EventBody, State, TaskId, Timestamp};
    use uuid::Uuid;

    use super::{KEPT, Second, Throughput};

    fn event(seq: u64, state: State) -> Event {
        Event {
            task_id: TaskId(Uuid::nil()),
            seq,
            attempt: 0,
            at: Timestamp::from_millis(0),
            body: EventBody::state(state),
        }
    }

    #[test]
    fn each_second_has_its_own_count() {
        let mut throughput = Throughput::default();
        throughput.count(&[event(1, State::Queued), event(1, State::Queued)], 0);
        throughput.count(&[event(3, State::Completed)], 2);
        throughput.count(&[event(5, State::Failed), event(3, State::Completed)], 2);
        let read: Vec<Second> = throughput.read(3).collect();
        let second = |submitted, completed, failed| Second {
            submitted,
            completed,
            failed,
        };
        assert_eq!(read, [second(2, 0, 0), second(0, 0, 0), second(0, 2, 1)]);
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let mut throughput = Throughput::default();
        for now in 0..2 * KEPT as u64 {
            throughput.count(&[event(1, State::Queued)], now);
        }
        let all: Vec<Second> = throughput.read(2 * KEPT as u64).collect();
        assert_eq!(all.len(), KEPT - 1);
        assert!(all.iter().all(|second| second.submitted == 1));
        let later = 10 * KEPT as u64;
        let none: Vec<Second> = throughput.read(later).collect();
        assert!(none.iter().all(|second| *second == Second::default()));
    }
}
