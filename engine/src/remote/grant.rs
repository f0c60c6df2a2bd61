//! Tasks on their way to a worker: what does not reach it goes back, and does not count.

use std::sync::Arc;

use glassworks_protocol::TaskId;
use tokio::runtime::Handle;

use super::{Counters, add};
use crate::journal::Journal;
use crate::store::remote::{Report, Verdict, lease_hash};
use crate::store::{Claimed, Outcome, Write};

/// Tasks that a claim was granted. Unless they are [kept](Self::keep), they are put back into the
/// queue when this is dropped.
pub(crate) struct Grant {
    pub(crate) tasks: Vec<Claimed>,
    home: Option<Home>,
}

/// Where they go back to.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) journal: Journal,
    pub(crate) counters: Arc<Counters>,
}

impl Grant {
    pub(crate) fn new(tasks: Vec<Claimed>, home: &Home) -> Self {
        let home = (!tasks.is_empty()).then(|| home.clone());
        Self { tasks, home }
    }

    /// Nothing.
    pub(crate) fn empty() -> Self {
        Self {
            tasks: Vec::new(),
            home: None,
        }
    }

    /// They are on their way to their worker: from here on their leases count.
    pub(crate) fn keep(&mut self) {
        self.home = None;
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        let Some(Home { journal, counters }) = self.home.take() else {
            return;
        };
        let reports: Vec<Report> = self.tasks.iter().filter_map(released).collect();
        // Without a runtime the process is about to end, and the leases see to it.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            let count = reports.len();
            let write = Write::Report {
                reports,
                lease_ms: 0,
            };
            if let Ok(Outcome::Reported(_)) = journal.commit(write).await {
                add(&counters.returned_tasks, count);
                tracing::debug!(count, "put back tasks whose worker had gone");
            } else {
                tracing::warn!(count, "tasks whose worker has gone wait for their leases");
            }
        });
    }
}

fn released(claimed: &Claimed) -> Option<Report> {
    let lease = claimed.lease.as_ref()?;
    Some(report(claimed.id, &lease.token, Some(Verdict::Released)))
}

/// A report of one attempt that adds nothing to its log.
pub(crate) fn report(task: TaskId, lease: &str, verdict: Option<Verdict>) -> Report {
    Report {
        task,
        lease: lease_hash(lease),
        output: Vec::new(),
        entries: Vec::new(),
        verdict,
    }
}
