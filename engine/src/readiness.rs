//! Whether this node can keep what it accepts: proved by its commits, and by a small one of its own
//! when there was none lately.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, log_store_error};
use crate::journal::Journal;
use crate::store::{Store, StoreFailure, Write};

/// A store that does not answer within this is not ready.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// For how long a commit proves that the next one would work.
const PROVES_FOR: Duration = Duration::from_secs(2);
/// For how long a failed commit stands for the next: many who ask do not make it worse.
const FAILS_FOR: Duration = Duration::from_millis(250);

/// Whether this node can keep what it accepts.
pub(crate) struct Readiness {
    store: Arc<dyn Store>,
    journal: Journal,
    /// One probe at a time, however many ask, and whether or not they still wait for it.
    probing: Arc<Mutex<()>>,
}

impl Readiness {
    pub(crate) fn new(store: Arc<dyn Store>, journal: Journal) -> Self {
        Self {
            store,
            journal,
            probing: Arc::default(),
        }
    }

    /// An error when the store does not take a change or answer a question, and why. Takes at most
    /// two seconds. Cancel safe.
    pub(crate) async fn prove(&self) -> Result<(), Error> {
        let by = Instant::now() + ANSWERS_WITHIN;
        let too_late = |_| Error::Unavailable(StoreFailure::TimedOut);
        if let Some(fault) = self.store.fault() {
            return Err(Error::from(&fault));
        }
        let counted = timeout_at(by, self.store.counts()).await;
        let counted = counted.map_err(too_late)?;
        counted.map_err(|error| log_store_error("counts", &error))?;
        timeout_at(by, self.prove_commits())
            .await
            .map_err(too_late)?
    }

    async fn prove_commits(&self) -> Result<(), Error> {
        if let Some(known) = self.known() {
            return known;
        }
        let turn = Arc::clone(&self.probing).lock_owned().await;
        // Whoever was before has found out.
        if let Some(known) = self.known() {
            return known;
        }
        let journal = self.journal.clone();
        // Apart, so that one who does not wait for it lets nobody else begin another.
        let probe = tokio::spawn(async move {
            let probed = journal.commit(Write::Probe).await;
            drop(turn);
            probed
        });
        match probe.await {
            Ok(probed) => probed.map(drop),
            Err(_) => Err(Error::ShuttingDown),
        }
    }

    /// What the latest commit says.
    fn known(&self) -> Option<Result<(), Error>> {
        let latest = self.journal.latest()?;
        let age = latest.at.elapsed();
        match latest.result {
            Ok(()) => (age < PROVES_FOR).then_some(Ok(())),
            Err(failure) => (age < FAILS_FOR).then_some(Err(Error::Unavailable(failure))),
        }
    }
}
