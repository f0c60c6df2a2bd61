//! Notes that are kept by an async function.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

/// A book of notes. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    /// Keeps a note, once the future that it returns has been polled to its end.
    pub(crate) async fn save(&self, note: String) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.0.lock().push(note);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().len()
    }
}
