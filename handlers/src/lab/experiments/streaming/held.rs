//! Rows of an answer, and how many bytes of them a server holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;

/// What a server is given to tell.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
    /// How long each takes to find.
    pub(crate) takes: Duration,
    pub(crate) gauge: Gauge,
}

/// Counts the bytes of rows that are in memory, from finding them until the last has been sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Gauge {
    /// The most bytes at a time.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// `bytes`, counted until the last reader has let go of them.
    pub(crate) fn counted(&self, bytes: Vec<u8>) -> Bytes {
        let now = self.now.fetch_add(bytes.len(), Ordering::SeqCst) + bytes.len();
        self.most.fetch_max(now, Ordering::SeqCst);
        Bytes::from_owner(Counted {
            bytes,
            now: Arc::clone(&self.now),
        })
    }
}

struct Counted {
    bytes: Vec<u8>,
    now: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.now.fetch_sub(self.bytes.len(), Ordering::SeqCst);
    }
}

impl Rows {
    /// Finds the next row.
    pub(crate) async fn find(&self) -> Bytes {
        tokio::time::sleep(self.takes).await;
        self.gauge.counted(vec![b'.'; self.bytes])
    }
}
