//! What is wrong with a database for good: it is remembered, so that a node that can still do some
//! of its work does not call itself sound.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::store::{StoreError, StoreFailure};

/// What is wrong with a database for good, where something is. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Fault(Arc<Mutex<Option<StoreError>>>);

impl Fault {
    /// The first that was found.
    pub(super) fn get(&self) -> Option<StoreError> {
        self.0.lock().clone()
    }

    /// Remembers an error that no later success puts right.
    pub(super) fn note(&self, error: &StoreError) {
        if !matches!(error.failure, StoreFailure::Gone | StoreFailure::Damaged) {
            return;
        }
        let mut found = self.0.lock();
        if found.is_none() {
            tracing::error!(%error, failure = ?error.failure, "the database cannot be relied on");
            *found = Some(error.clone());
        }
    }
}
