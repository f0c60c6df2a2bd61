//! The handle: what can be asked of an engine. One file for each part of it.

mod access;
mod acting;
mod answers;
mod builder;
mod bulk;
mod changing;
mod cursor;
mod in_flight;
mod measuring;
mod nodes;
mod queues;
mod reading;
mod schedules;
mod submitting;
mod watching;
mod workers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use glassworks_protocol::{KindInfo, Timestamp};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub use self::builder::Builder;
use self::bulk::BulkChanges;
pub use self::bulk::Which;
use self::in_flight::InFlight;
use self::nodes::Card;
pub use self::submitting::{RequestContext, Submitted};
pub use self::workers::Granted;
use crate::access::{Caller, Directory};
use crate::attempts::runs::Runs;
use crate::error::Error;
use crate::hub::Hub;
use crate::journal::{Journal, JournalCounts};
use crate::options::Options;
use crate::readiness::Readiness;
use crate::registry::{PayloadSchema, Registry};
use crate::remote::Counters;
use crate::remote::line::Line;
use crate::remote::workers::Workers;
use crate::store::Store;
use crate::tally::Tally;
use crate::watched::{Figures, Lists};

/// How long ended attempts may take to write that they were released.
const RELEASE_GRACE: Duration = Duration::from_secs(5);

/// A running engine. Cheap to clone; all clones are one engine.
///
/// [`shutdown`](Engine::shutdown) ends it in good order. When the last handle is dropped instead,
/// it stops claiming, and what still runs is not waited for.
#[derive(Clone)]
pub struct Engine(Arc<Inner>, Option<Caller>);

struct Inner {
    store: Arc<dyn Store>,
    journal: Journal,
    readiness: Readiness,
    hub: Arc<Hub>,
    registry: Arc<Registry>,
    access: Arc<Directory>,
    runs: Arc<Runs>,
    line: Arc<Line>,
    workers: Workers,
    counters: Arc<Counters>,
    tally: Arc<Tally>,
    in_flight: InFlight,
    lists: Lists,
    figures: Figures,
    bulk: BulkChanges,
    options: Options,
    card: Card,
    started_at: Timestamp,
    started: Instant,
    closing: CancellationToken,
    release: CancellationToken,
    /// One change of a queue, schedule, key or session at a time: each begins with reading what is there.
    changing: Mutex<()>,
    /// Tells the scheduler to look again.
    schedules_changed: Arc<Notify>,
    stop_housekeeping: CancellationToken,
    dispatching: TaskTracker,
    attempts: TaskTracker,
    housekeeping: TaskTracker,
    /// Stop the loops when the last handle is gone.
    _stop_on_drop: [DropGuard; 2],
}

impl Engine {
    /// Prepares an engine.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The name of this node.
    pub fn node(&self) -> &str {
        &self.0.options.node
    }

    /// The kinds that this node runs itself, by name.
    pub fn kinds(&self) -> &[KindInfo] {
        self.0.registry.kinds()
    }

    /// The schema of each kind's payload, by the kinds' names.
    pub fn payload_schemas(&self) -> Vec<PayloadSchema> {
        self.0.registry.payload_schemas()
    }

    /// What the journal has committed since the engine started. Never touches the store.
    pub fn journal(&self) -> JournalCounts {
        self.0.journal.counts()
    }

    /// Whether it keeps what it accepts, and why not: once shutdown has begun, or while the store
    /// does not answer or cannot commit.
    ///
    /// It goes by the latest commit, and makes a small one when there was none in two seconds.
    /// Takes at most two seconds. Cancel safe.
    pub async fn ready(&self) -> Result<(), Error> {
        if self.0.closing.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        self.0.readiness.prove().await
    }

    /// Ends the engine in good order: no more claims; running attempts get the grace period, and
    /// what is left then goes back to the queue without its counting; then every stream ends.
    ///
    /// Takes at most the grace period and a few seconds. Submits are accepted while attempts end:
    /// they are on the disk, and taken up at the next start. After it, only reads are answered,
    /// and the store is closed when the last handle and stream are dropped. Calling it again
    /// waits for the same end.
    pub async fn shutdown(&self) {
        let inner = &self.0;
        inner.closing.cancel();
        inner.dispatching.close();
        // The last claim must have started its attempts before they can be waited for.
        inner.dispatching.wait().await;
        inner.attempts.close();
        let grace = inner.options.shutdown_grace;
        if tokio::time::timeout(grace, inner.attempts.wait())
            .await
            .is_err()
        {
            let count = inner.runs.len();
            tracing::info!(
                count,
                "the grace period is over: attempts go back to the queue"
            );
            inner.release.cancel();
            if tokio::time::timeout(RELEASE_GRACE, inner.attempts.wait())
                .await
                .is_err()
            {
                let count = inner.runs.len();
                tracing::error!(
                    count,
                    "attempts could not be put back; the next start does it"
                );
            }
        }
        inner.stop_housekeeping.cancel();
        inner.housekeeping.close();
        inner.housekeeping.wait().await;
        inner.journal.close().await;
        inner.hub.close();
    }
}
