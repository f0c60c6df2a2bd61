//! The work of an order, in steps, and when it came to its end.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::lab::clock::Clock;

const STEPS: u32 = 10;

/// An order to be worked on. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) takes: Duration,
    pub(crate) clock: Clock,
    /// Steps done, and when the last was.
    pub(crate) done: Arc<Mutex<(u32, Duration)>>,
}

impl Order {
    /// All of its steps, one after the other.
    pub(crate) async fn work(self) {
        for _ in 0..STEPS {
            tokio::time::sleep(self.takes / STEPS).await;
            let mut done = self.done.lock();
            *done = (done.0 + 1, self.clock.now());
        }
    }

    /// The share of its steps that were done, in percent.
    pub(crate) fn percent(&self) -> usize {
        (self.done.lock().0 * 100 / STEPS) as usize
    }
}
