//! The requests with a key that are being answered at this moment.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The keys of the requests that are being answered at this moment.
#[derive(Clone, Default)]
pub(super) struct InFlight(Arc<Mutex<HashSet<String>>>);

/// One such request. It is over when this is dropped.
pub(super) struct Flight {
    all: InFlight,
    key: String,
}

impl InFlight {
    /// Notes a request; `None` when one with the same key is being answered.
    pub(super) fn begin(&self, key: &str) -> Option<Flight> {
        let begun = self.change(|keys| keys.insert(key.to_owned()));
        begun.then(|| Flight {
            all: self.clone(),
            key: key.to_owned(),
        })
    }

    fn change(&self, change: impl FnOnce(&mut HashSet<String>) -> bool) -> bool {
        // The set is whole between any two statements.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.all.change(|keys| keys.remove(&self.key));
    }
}
