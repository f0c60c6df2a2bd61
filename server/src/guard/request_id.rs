//! A number for each request, by which a client's report and the log find each other.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Tells apart the requests of two runs of the server, which both count from 0.
static RUN: LazyLock<u32> = LazyLock::new(rand::random);
static COUNT: AtomicU32 = AtomicU32::new(0);

/// One request's number, written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestId(u64);

impl RequestId {
    /// A number that no other request of this run has, until the counter wraps at 2^32.
    pub(super) fn next() -> Self {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(u64::from(*RUN) << 32 | u64::from(count))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
