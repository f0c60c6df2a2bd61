//! The bytes that the server holds for its clients: one sum, bounded, and divided by what they are
//! for.
//!
//! Each purpose has a share of its own, so that clients who leave their lists lying keep nobody from
//! submitting a task. Whoever holds bytes of a share never waits for more of the same share: so
//! none of those who wait does so for one of the others, and all waits end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// What is not worth counting, in bytes: a buffer of a connection is larger.
pub(crate) const SMALL: usize = 1024;

/// How long a request waits for room before it is refused.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// The parts of which the shares are so many.
const PARTS: usize = 16;

/// What is held for clients. Clones share it.
#[derive(Clone)]
pub struct Budget(Arc<Shares>);

/// What bytes are held for.
pub struct Shares {
    /// The first part of each body, which most bodies are the whole of.
    pub(crate) beginnings: Share,
    /// The rest of long bodies, until what they ask for is done.
    pub(crate) bodies: Share,
    /// Pages of lists, from before they are read.
    pub(crate) lists: Share,
    /// All other answers, until their clients have taken them.
    pub(crate) answers: Share,
    /// What followers have been given and have not taken.
    pub(crate) live: Share,
}

impl Shares {
    /// Each with the name that the figures have it by.
    pub(crate) fn named(&self) -> [(&'static str, &Share); 5] {
        [
            ("beginnings", &self.beginnings),
            ("bodies", &self.bodies),
            ("lists", &self.lists),
            ("answers", &self.answers),
            ("live", &self.live),
        ]
    }
}

impl Budget {
    /// The default, in MiB. With what else a busy server needs it stays under 512 MiB.
    pub const DEFAULT_MIB: u32 = 192;

    /// The least, in MiB: the longest body must fit into the share of bodies.
    pub const LEAST_MIB: u32 = 64;

    /// One of so many MiB.
    pub fn new(mib: u32) -> Self {
        let bytes = mib.max(Self::LEAST_MIB) as usize * 1024 * 1024;
        let part = |parts| Share::new(bytes / PARTS * parts);
        Self(Arc::new(Shares {
            beginnings: part(2),
            bodies: part(5),
            lists: part(4),
            answers: part(2),
            live: part(3),
        }))
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Self::DEFAULT_MIB)
    }
}

impl std::ops::Deref for Budget {
    type Target = Shares;

    fn deref(&self) -> &Shares {
        &self.0
    }
}

/// Bytes for one purpose. Clones share it. Those who wait are served in their order.
#[derive(Clone)]
pub(crate) struct Share(Arc<Inner>);

struct Inner {
    room: Arc<Semaphore>,
    size: usize,
    /// What was taken although there was no room.
    owed: AtomicU64,
    refused: AtomicU64,
    /// The share that this one is a part of.
    whole: Option<Share>,
}

impl Share {
    fn new(size: usize) -> Self {
        Self::of(size, None)
    }

    fn of(size: usize, whole: Option<Share>) -> Self {
        Self(Arc::new(Inner {
            room: Arc::new(Semaphore::new(size)),
            size,
            owed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            whole,
        }))
    }

    /// A part of this share that one client has for itself: it takes from both.
    pub(crate) fn part(&self, size: usize) -> Self {
        Self::of(size.min(self.0.size), Some(self.clone()))
    }

    /// `bytes`, if there is room at this moment. As in all of these, more than the share has counts
    /// as all of it.
    pub(crate) fn try_reserve(&self, bytes: usize) -> Option<Permit> {
        let bytes = self.fitting(bytes);
        let held = self.0.room.clone().try_acquire_many_owned(bytes).ok()?;
        let whole = match &self.0.whole {
            Some(whole) => Some(Box::new(whole.try_reserve(bytes as usize)?)),
            None => None,
        };
        Some(Permit {
            held: Some(held),
            whole,
        })
    }

    /// Waits for `bytes`. One that stops waiting loses its place, and nothing else.
    pub(crate) async fn reserve(&self, bytes: usize) -> Permit {
        let bytes = self.fitting(bytes);
        // The semaphore is never closed.
        let held = self.0.room.clone().acquire_many_owned(bytes).await.ok();
        let whole = match &self.0.whole {
            Some(whole) => Some(Box::new(Box::pin(whole.reserve(bytes as usize)).await)),
            None => None,
        };
        Permit { held, whole }
    }

    /// Waits for `bytes`, for [`PATIENCE`] at most.
    pub(crate) async fn reserve_soon(&self, bytes: usize) -> Option<Permit> {
        if let Some(permit) = self.try_reserve(bytes) {
            return Some(permit);
        }
        let permit = timeout(PATIENCE, self.reserve(bytes)).await.ok();
        if permit.is_none() {
            self.refuse();
        }
        permit
    }

    /// Takes `bytes` in any case: for what is there already and cannot be taken back.
    pub(crate) fn take(&self, bytes: usize) -> Owed {
        let permit = self.try_reserve(bytes);
        let owed = if permit.is_some() { 0 } else { bytes as u64 };
        self.0.owed.fetch_add(owed, Ordering::Relaxed);
        Owed {
            _permit: permit,
            share: self.clone(),
            bytes: owed,
        }
    }

    /// Whether nothing is left.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.0.room.available_permits() < SMALL || self.0.owed.load(Ordering::Relaxed) > 0
    }

    /// Counts a client that was turned away.
    pub(crate) fn refuse(&self) {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were turned away since the start.
    pub(crate) fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// How many bytes it has.
    pub(crate) fn size(&self) -> usize {
        self.0.size
    }

    /// How many of them are held, and those beyond that had to be.
    pub(crate) fn used(&self) -> u64 {
        let held = self.0.size - self.0.room.available_permits().min(self.0.size);
        held as u64 + self.0.owed.load(Ordering::Relaxed)
    }

    fn fitting(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.min(self.0.size)).unwrap_or(u32::MAX)
    }
}

/// Bytes that are held. They are free again when it is dropped.
pub(crate) struct Permit {
    held: Option<OwnedSemaphorePermit>,
    whole: Option<Box<Permit>>,
}

impl Permit {
    /// How many they are.
    pub(crate) fn bytes(&self) -> usize {
        self.held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// Gives back all but `bytes`.
    pub(crate) fn shrink(&mut self, bytes: usize) {
        let excess = self.bytes().saturating_sub(bytes);
        if let Some(held) = &mut self.held {
            drop(held.split(excess));
        }
        if let Some(whole) = &mut self.whole {
            whole.shrink(bytes);
        }
    }
}

/// Bytes that are held whether there was room or not.
pub(crate) struct Owed {
    _permit: Option<Permit>,
    share: Share,
    bytes: u64,
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.share.0.owed.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;
    use tokio::time::Instant;

    use super::{Budget, PATIENCE, Share};

    #[test]
    fn what_is_dropped_can_be_had_again() {
        let share = Share::new(100);
        let permit = share.try_reserve(70).unwrap();
        assert!(share.try_reserve(40).is_none());
        assert_eq!(share.used(), 70);
        drop(permit);
        assert!(share.try_reserve(100).is_some());
        assert_eq!(share.used(), 0);
    }

    #[test]
    fn what_is_not_needed_can_be_given_back() {
        let share = Share::new(100);
        let part = share.part(80);
        let mut permit = part.try_reserve(80).unwrap();
        permit.shrink(10);
        assert_eq!((permit.bytes(), part.used(), share.used()), (10, 10, 10));
        // It was never more than this.
        permit.shrink(50);
        assert_eq!((permit.bytes(), share.used()), (10, 10));
    }

    #[test]
    fn a_part_takes_no_more_than_its_own_and_only_what_the_whole_has() {
        let share = Share::new(100);
        let part = share.part(60);
        let first = part.try_reserve(60).unwrap();
        assert!(part.try_reserve(1).is_none());
        assert!(share.try_reserve(40).is_some());
        drop(first);
        let _others = share.try_reserve(90).unwrap();
        assert!(part.try_reserve(20).is_none());
        assert_eq!(part.used(), 0, "what the whole refused, the part has again");
        assert!(part.try_reserve(10).is_some());
    }

    #[test]
    fn more_than_there_ever_is_can_be_had_when_nobody_else_has_any() {
        let share = Share::new(100);
        let permit = share.try_reserve(1_000).unwrap();
        assert_eq!(permit.bytes(), 100);
        assert!(share.reserve(1).now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends() {
        let share = Share::new(100);
        let permit = share.try_reserve(100).unwrap();
        let began = Instant::now();
        assert!(share.reserve_soon(1).await.is_none());
        assert!(began.elapsed() >= PATIENCE);
        assert_eq!(share.refused(), 1);
        let soon = share.reserve_soon(1);
        let freed = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            drop(permit);
        };
        assert!(tokio::join!(soon, freed).0.is_some());
    }

    #[test]
    fn what_has_to_be_held_is_counted_beyond_the_share() {
        let share = Share::new(10_000);
        let _permit = share.try_reserve(8_000).unwrap();
        assert!(!share.is_exhausted());
        let owed = share.take(4_000);
        assert_eq!(share.used(), 12_000);
        assert!(share.is_exhausted());
        drop(owed);
        assert_eq!(share.used(), 8_000);
    }

    #[test]
    fn the_shares_are_the_budget() {
        for mib in [0, 64, 192, 1_000] {
            let budget = Budget::new(mib);
            let sum: usize = budget.named().iter().map(|(_, share)| share.size()).sum();
            assert_eq!(sum, mib.max(Budget::LEAST_MIB) as usize * 1024 * 1024);
        }
    }
}
