//! Who makes attempts, and what became of each.

use std::sync::Arc;
use std::time::Duration;

use glassworks_engine::Run;
use glassworks_protocol::JsonText;
use parking_lot::Mutex;
use serde_json::json;

use crate::lab::clock::Clock;

/// One attempt, as its worker saw it.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) worker: &'static str,
    pub(crate) number: u32,
    pub(crate) begun: Duration,
    pub(crate) returned: Option<Duration>,
}

/// A worker. Those of one variant write into the same book.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    pub(crate) name: &'static str,
    /// How long a picture takes on its machine.
    pub(crate) takes: Duration,
    pub(crate) clock: Clock,
    pub(crate) book: Arc<Mutex<Vec<Attempt>>>,
}

impl Worker {
    pub(crate) fn begins(&self, run: &Run) -> usize {
        let mut book = self.book.lock();
        book.push(Attempt {
            worker: self.name,
            number: run.attempt(),
            begun: self.clock.now(),
            returned: None,
        });
        book.len() - 1
    }

    /// What the attempt returns as its task's result.
    pub(crate) fn returns(&self, entry: usize) -> JsonText {
        let mut book = self.book.lock();
        let attempt = &mut book[entry];
        attempt.returned = Some(self.clock.now());
        json!({"worker": self.name, "attempt": attempt.number}).into()
    }
}
