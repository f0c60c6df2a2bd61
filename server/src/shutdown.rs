//! How the server ends: streams first, then running tasks, then connections, all in bounded time.
//!
//! 1. The first signal ends the streams, so that clients look for another node, and turns `/readyz`
//!    to 503. New requests are still answered: a load balancer has to see that.
//! 2. The engine stops claiming and gives running tasks their grace period.
//! 3. Connections finish the request they are in and close.
//!
//! A second signal ends the process at once.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How long connections may take for the request they are in.
pub const CONNECTION_GRACE: Duration = Duration::from_secs(5);

/// Where the shutdown stands. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    begun: CancellationToken,
    closing: CancellationToken,
    open: TaskTracker,
}

impl Shutdown {
    /// Step 1: streams end, and `/readyz` says so.
    pub fn begin(&self) {
        self.begun.cancel();
    }

    /// Whether step 1 was taken.
    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Waits for step 1. For streams, which end then.
    pub fn begun(&self) -> WaitForCancellationFuture<'_> {
        self.begun.cancelled()
    }

    /// A handle for streams that outlive the borrow of this one.
    pub fn stream_end(&self) -> CancellationToken {
        self.begun.clone()
    }

    /// Step 3: stops accepting, closes connections, and waits until all are closed, for
    /// [`CONNECTION_GRACE`] at most. False when some were still open.
    pub async fn close(&self) -> bool {
        self.begin();
        self.closing.cancel();
        self.open.close();
        tokio::time::timeout(CONNECTION_GRACE, self.open.wait())
            .await
            .is_ok()
    }

    /// Waits for step 3.
    pub(crate) fn closing(&self) -> WaitForCancellationFuture<'_> {
        self.closing.cancelled()
    }

    /// Runs a connection as a task that step 3 waits for.
    pub(crate) fn track(&self, connection: impl Future<Output = ()> + Send + 'static) {
        self.open.spawn(connection);
    }

    /// Step 3 waits until the token is dropped.
    pub(crate) fn token(&self) -> TaskTrackerToken {
        self.open.token()
    }
}
