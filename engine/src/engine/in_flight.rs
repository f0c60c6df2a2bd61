//! The requests with a key that are being answered at this moment.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

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
        let begun = self.0.lock().insert(key.to_owned());
        begun.then(|| Flight {
            all: self.clone(),
            key: key.to_owned(),
        })
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.all.0.lock().remove(&self.key);
    }
}
