//! Which of an attempt's entries its log keeps: its beginning, and a ring of the newest.
//!
//! Half of each limit is for the beginning, which stays, and half for the ring. When the ring is
//! full its oldest eighth goes, so that one deletion covers many entries, and a mark takes the place
//! of the latest entry that is missing. Pure: it counts entries and says what goes.

use std::collections::VecDeque;

use glassworks_protocol::EventBody;
use serde::{Deserialize, Serialize};

use crate::limits::Limits;

/// How many parts the ring has that go at a time.
const PARTS: u64 = 8;
/// Bytes of the longest character: every piece of a text has room for one.
const LONGEST_CHARACTER: u64 = 4;

/// What an attempt's log has so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<u64>", into = "Vec<u64>")]
pub struct Log {
    beginning: Extent,
    /// The ring, oldest part first.
    ring: VecDeque<Part>,
    /// What is missing between the two.
    gap: Option<Gap>,
}

/// How much some entries are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Extent {
    events: u64,
    /// Bytes of output in them.
    bytes: u64,
}

/// Entries of the ring that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    first_seq: u64,
    last_seq: u64,
    extent: Extent,
}

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gap {
    first_seq: u64,
    /// Where the mark stands: in the place of the latest entry that is missing.
    mark_seq: u64,
    extent: Extent,
}

/// Entries to delete: from `first_seq` to before the mark, but for changes of state.
#[derive(Clone, Debug, PartialEq)]
pub struct Deletion {
    /// The first of them.
    pub first_seq: u64,
    /// Where the mark stands from now on, instead of what is there.
    pub mark_seq: u64,
    /// The mark.
    pub mark: EventBody,
}

/// An entry, divided by what becomes of it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Division {
    /// What belongs to the beginning.
    pub(super) beginning: Option<EventBody>,
    /// Bytes of output between, which the ring has no room for even when it is empty.
    pub(super) lost_bytes: u64,
    /// What belongs to the ring.
    pub(super) ring: Vec<EventBody>,
}

/// The shares of the limits.
struct Shares {
    beginning: Extent,
    ring: Extent,
    /// A part of the ring that has as much is full.
    part: Extent,
}

impl Shares {
    fn of(limits: &Limits) -> Self {
        let ring = Extent {
            // The latest entry is always kept, so that progress stays live.
            events: limits.events.div_ceil(2).max(1),
            bytes: limits.output_bytes.div_ceil(2),
        };
        Self {
            beginning: Extent {
                events: limits.events.saturating_sub(ring.events),
                bytes: limits.output_bytes - ring.bytes,
            },
            ring,
            part: Extent {
                events: ring.events.div_ceil(PARTS),
                bytes: ring.bytes.div_ceil(PARTS).max(1),
            },
        }
    }
}

impl Log {
    /// Whether nothing is noted yet.
    pub fn is_new(&self) -> bool {
        *self == Self::default()
    }

    /// Divides an entry between the beginning and the ring.
    pub(super) fn divide(&self, entry: EventBody, limits: &Limits) -> Division {
        let shares = Shares::of(limits);
        let open = self.ring.is_empty()
            && self.gap.is_none()
            && self.beginning.events < shares.beginning.events;
        let room = if open {
            // The limit may have been lowered since.
            shares.beginning.bytes.saturating_sub(self.beginning.bytes)
        } else {
            0
        };
        let (stream, text) = match entry {
            EventBody::Output { stream, text } if text.len() as u64 > room => (stream, text),
            entry if open => {
                return Division {
                    beginning: Some(entry),
                    ..Division::default()
                };
            }
            entry => {
                return Division {
                    ring: vec![entry],
                    ..Division::default()
                };
            }
        };
        let printed = |text: &str| EventBody::Output {
            stream,
            text: text.to_owned(),
        };
        let (first, rest) = text.split_at(text.floor_char_boundary(size(room)));
        let excess = rest.len().saturating_sub(size(shares.ring.bytes));
        let kept = &rest[rest.ceil_char_boundary(excess)..];
        let piece_bytes = size(shares.part.bytes.max(LONGEST_CHARACTER));
        Division {
            beginning: (!first.is_empty()).then(|| printed(first)),
            lost_bytes: (rest.len() - kept.len()) as u64,
            ring: pieces(kept, piece_bytes).map(printed).collect(),
        }
    }

    /// Notes an entry of the beginning.
    pub(super) fn begin(&mut self, entry: &EventBody) {
        self.beginning.add(Extent::of(entry));
    }

    /// Notes an entry of the ring, and says what goes for it.
    pub(super) fn append(
        &mut self,
        entry: &EventBody,
        seq: u64,
        limits: &Limits,
    ) -> Option<Deletion> {
        let shares = Shares::of(limits);
        let extent = Extent::of(entry);
        let is_open = |part: &&mut Part| {
            part.extent.events < shares.part.events && part.extent.bytes < shares.part.bytes
        };
        if let Some(part) = self.ring.back_mut().filter(is_open) {
            part.last_seq = seq;
            part.extent.add(extent);
        } else {
            self.ring.push_back(Part {
                first_seq: seq,
                last_seq: seq,
                extent,
            });
        }
        let mut deletion = None;
        while let Some(mark) = self.excess(&shares, limits) {
            deletion = self.drop_oldest().map(|gap| gap.deletion(mark));
        }
        deletion
    }

    /// Notes that output was lost before it had a number. All of the ring goes, and the mark takes
    /// `seq`.
    pub(super) fn lose(&mut self, bytes: u64, seq: u64, limits: &Limits) -> Deletion {
        while self.drop_oldest().is_some() {}
        let gap = self.gap.get_or_insert(Gap {
            first_seq: seq,
            mark_seq: seq,
            extent: Extent::default(),
        });
        gap.mark_seq = seq;
        gap.extent.bytes += bytes;
        gap.deletion(("output", limits.output_bytes))
    }

    /// Of what the ring has too much, with its limit.
    fn excess(&self, shares: &Shares, limits: &Limits) -> Option<(&'static str, u64)> {
        let mut held = Extent::default();
        for part in &self.ring {
            held.add(part.extent);
        }
        if held.bytes > shares.ring.bytes {
            Some(("output", limits.output_bytes))
        } else if held.events > shares.ring.events {
            Some(("events", limits.events))
        } else {
            None
        }
    }

    /// Moves the oldest part of the ring, if it has any, to what is missing.
    fn drop_oldest(&mut self) -> Option<Gap> {
        let part = self.ring.pop_front()?;
        let gap = self.gap.get_or_insert(Gap {
            first_seq: part.first_seq,
            mark_seq: part.last_seq,
            extent: Extent::default(),
        });
        gap.mark_seq = part.last_seq;
        gap.extent.add(part.extent);
        Some(*gap)
    }
}

impl Extent {
    fn of(entry: &EventBody) -> Self {
        let bytes = match entry {
            EventBody::Output { text, .. } => text.len() as u64,
            _ => 0,
        };
        Self { events: 1, bytes }
    }

    fn add(&mut self, other: Self) {
        self.events += other.events;
        self.bytes += other.bytes;
    }
}

impl Gap {
    fn deletion(self, (what, limit): (&str, u64)) -> Deletion {
        Deletion {
            first_seq: self.first_seq,
            mark_seq: self.mark_seq,
            mark: EventBody::Truncated {
                what: what.to_owned(),
                limit,
                first_seq: self.first_seq,
                missing_events: self.extent.events,
                missing_bytes: self.extent.bytes,
            },
        }
    }
}

/// As it is stored: the beginning's events and bytes, then four numbers each for what is missing
/// (all 0 for nothing) and for each part of the ring.
impl From<Log> for Vec<u64> {
    fn from(log: Log) -> Self {
        let Extent { events, bytes } = log.beginning;
        let mut numbers = vec![events, bytes];
        let gap = log.gap.map_or([0; 4], |gap| {
            let Extent { events, bytes } = gap.extent;
            [gap.first_seq, gap.mark_seq, events, bytes]
        });
        numbers.extend(gap);
        for part in log.ring {
            let Extent { events, bytes } = part.extent;
            numbers.extend([part.first_seq, part.last_seq, events, bytes]);
        }
        numbers
    }
}

impl From<Vec<u64>> for Log {
    fn from(numbers: Vec<u64>) -> Self {
        let (beginning, rest) = numbers.split_at(numbers.len().min(2));
        let (fours, _) = rest.as_chunks::<4>();
        let mut fours = fours.iter().copied();
        Self {
            beginning: Extent {
                events: beginning.first().copied().unwrap_or_default(),
                bytes: beginning.get(1).copied().unwrap_or_default(),
            },
            gap: fours.next().filter(|[first_seq, ..]| *first_seq > 0).map(
                |[first_seq, mark_seq, events, bytes]| Gap {
                    first_seq,
                    mark_seq,
                    extent: Extent { events, bytes },
                },
            ),
            ring: fours
                .map(|[first_seq, last_seq, events, bytes]| Part {
                    first_seq,
                    last_seq,
                    extent: Extent { events, bytes },
                })
                .collect(),
        }
    }
}

/// `text` in pieces of at most so many bytes, cut between characters.
fn pieces(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(most));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// A limit as a length of a text.
fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::EventBody;

    use super::{Deletion, Log};
    use crate::limits::Limits;

    fn limits(output_bytes: u64, events: u64) -> Limits {
        Limits {
            output_bytes,
            events,
            ..Limits::default()
        }
    }

    /// Appends so many entries to the ring, numbered from 1, and gives what each made go.
    fn append(log: &mut Log, count: u64, entry: &EventBody, limits: &Limits) -> Vec<Deletion> {
        (1..=count)
            .filter_map(|seq| log.append(entry, seq, limits))
            .collect()
    }

    #[test]
    fn what_is_noted_reads_back_as_it_was() {
        let limits = limits(64, 8);
        let mut log = Log::default();
        assert!(log.is_new());
        for count in [0, 1, 9] {
            log.begin(&EventBody::output("abc"));
            append(&mut log, count, &EventBody::output("abc"), &limits);
            let written = serde_json::to_string(&log).unwrap();
            assert_eq!(serde_json::from_str::<Log>(&written).unwrap(), log);
        }
        assert!(!log.is_new());
    }

    #[test]
    fn one_deletion_takes_an_eighth_of_the_ring() {
        let mut log = Log::default();
        let limits = limits(1_000_000, 1_600);
        let deletions = append(&mut log, 2_000, &EventBody::output("a"), &limits);
        assert_eq!(deletions.len(), 12);
        for (deletion, number) in deletions.iter().zip(1..) {
            assert_eq!((deletion.first_seq, deletion.mark_seq), (1, number * 100));
            let EventBody::Truncated { missing_events, .. } = deletion.mark else {
                panic!("{deletion:?}");
            };
            assert_eq!(missing_events, number * 100);
        }
    }

    #[test]
    fn what_is_noted_stays_small_however_large_the_ring() {
        let limits = Limits::default();
        let mut log = Log::default();
        let printed = EventBody::output("a".repeat(2_000));
        for seq in 1..50_000 {
            let entry = if seq % 3 == 0 {
                EventBody::output("")
            } else {
                printed.clone()
            };
            log.append(&entry, seq, &limits);
        }
        let written = serde_json::to_string(&log).unwrap();
        assert!(written.len() < 500, "{written}");
    }

    #[test]
    fn a_text_is_divided_between_characters() {
        let limits = limits(20, 100);
        let divided = Log::default().divide(EventBody::output("üüüüüüüüüüü"), &limits);
        assert_eq!(divided.beginning, Some(EventBody::output("üüüüü")));
        assert_eq!(divided.lost_bytes, 2);
        let pieces = ["üü", "üü", "ü"].map(EventBody::output);
        assert_eq!(divided.ring, pieces);
    }
}
