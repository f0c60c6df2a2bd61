//! When the work of a request came to its end, whoever was still waiting for it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::lab::clock::Clock;

/// What a server is given: how long its work takes, its time limit, and where the end is noted.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) takes: Duration,
    pub(crate) limit: Duration,
    pub(crate) clock: Clock,
    pub(crate) ended: Arc<Mutex<Option<Duration>>>,
}

impl Work {
    pub(crate) fn done(&self) {
        *self.ended.lock() = Some(self.clock.now());
    }
}
