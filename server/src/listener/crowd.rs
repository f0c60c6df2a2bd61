//! All open connections: when there are as many as may be, one of which nobody expects anything
//! makes room for the next.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tracing::warn;

use super::phase::Phase;

/// How long to wait for one that was told to go before another is.
const LEAVING: Duration = Duration::from_millis(100);

/// The open connections of one listener, at most so many. Clones share it.
#[derive(Clone)]
pub(super) struct Crowd(Arc<Inner>);

struct Inner {
    most: usize,
    slots: Arc<Semaphore>,
    phases: Mutex<Phases>,
}

#[derive(Default)]
struct Phases {
    by_number: HashMap<u64, Phase>,
    last: u64,
    /// Whether the log has been told that there are too many.
    told: bool,
}

/// The place of one connection, free again when it is dropped.
pub(super) struct Place {
    crowd: Crowd,
    number: u64,
    _slot: OwnedSemaphorePermit,
}

impl Crowd {
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Inner {
            most,
            slots: Arc::new(Semaphore::new(most)),
            phases: Mutex::default(),
        }))
    }

    /// A place for a connection that is in `phase`; `None` if there are no slots, which never
    /// happens. At the limit the connection goes that has been idle for longest.
    pub(super) async fn enter(&self, phase: Phase) -> Option<Place> {
        let slot = match self.0.slots.clone().try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => self.wait().await?,
        };
        let mut phases = self.0.phases.lock();
        phases.last += 1;
        let number = phases.last;
        phases.by_number.insert(number, phase);
        Some(Place {
            crowd: self.clone(),
            number,
            _slot: slot,
        })
    }

    async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        if !std::mem::replace(&mut self.0.phases.lock().told, true) {
            let most = self.0.most;
            warn!(most, "at the limit of connections; idle ones make room");
        }
        loop {
            self.make_room();
            let slot = timeout(LEAVING, self.0.slots.clone().acquire_owned());
            if let Ok(slot) = slot.await {
                return slot.ok();
            }
        }
    }

    /// Ends the connection that has been idle for longest. False when none is.
    pub(super) fn make_room(&self) -> bool {
        let phases = self.0.phases.lock();
        let idle = phases.by_number.values().filter(|phase| phase.may_leave());
        let longest = idle.min_by_key(|phase| phase.since());
        if let Some(phase) = longest {
            phase.leave();
        }
        longest.is_some()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut phases = self.crowd.0.phases.lock();
        phases.by_number.remove(&self.number);
        // Told anew only after it has been well below the limit.
        if phases.by_number.len() < self.crowd.0.most / 2 {
            phases.told = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::{Crowd, Phase};

    fn idle() -> Phase {
        let phase = Phase::default();
        phase.request_began();
        phase.response_ended();
        phase
    }

    #[tokio::test]
    async fn the_one_that_was_idle_first_makes_room() {
        let crowd = Crowd::new(3);
        let busy = Phase::default();
        busy.request_began();
        let _busy = crowd.enter(busy.clone()).await.unwrap();
        let first = idle();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let second = idle();
        let _second = crowd.enter(second.clone()).await.unwrap();
        let place = crowd.enter(first.clone()).await.unwrap();
        let entering = crowd.enter(Phase::default());
        let leaving = async {
            while !first.must_leave() {
                tokio::task::yield_now().await;
            }
            drop(place);
        };
        let both = futures::future::join(entering, leaving);
        let (entered, ()) = timeout(Duration::from_secs(10), both).await.unwrap();
        assert!(entered.is_some());
        assert!(!second.must_leave() && !busy.must_leave());
    }

    #[tokio::test]
    async fn one_that_is_being_answered_stays() {
        let crowd = Crowd::new(1);
        let busy = Phase::default();
        busy.request_began();
        let _place = crowd.enter(busy.clone()).await;
        assert!(!crowd.make_room());
        assert!(!busy.must_leave());
    }
}
