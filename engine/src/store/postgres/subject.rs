//! What a batch is about: what has to be known before its writes are decided.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::text::escaped;
use crate::store::write::{NewRow, Write};

/// What the writes of a batch are about.
#[derive(Default)]
pub(super) struct Subject<'b> {
    /// In order, and each once.
    pub(super) tasks: Vec<Uuid>,
    /// Unique keys, escaped.
    pub(super) keys: Vec<String>,
    /// Tasks whose unique keys matter.
    pub(super) retried: Vec<Uuid>,
    /// Tasks whose attempts may be remote ones.
    pub(super) remote: Vec<Uuid>,
    pub(super) requests: Vec<&'b str>,
    /// Whether it depends on how many tasks there are.
    pub(super) counted: bool,
    pub(super) claims: bool,
    pub(super) offers: bool,
}

impl<'b> Subject<'b> {
    pub(super) fn of(writes: &'b [Write]) -> Self {
        let mut subject = Self::default();
        let mut tasks = BTreeSet::new();
        for write in writes {
            match write.plain() {
                Write::Submit(rows) => subject.submits(rows),
                Write::SubmitOnce { rows, request } => {
                    subject.submits(rows);
                    subject.requests.push(&request.key);
                }
                Write::Fire(firing) => subject.submits(firing.task.as_slice()),
                Write::Claim(_) => {
                    subject.counted = true;
                    subject.claims = true;
                }
                Write::Renew { attempts, .. } => {
                    tasks.extend(attempts.iter().map(|(task, _)| task.0));
                }
                Write::Retry(task) => {
                    tasks.insert(task.0);
                    subject.retried.push(task.0);
                }
                Write::Report { reports, .. } => {
                    tasks.extend(reports.iter().map(|report| report.task.0));
                    subject
                        .remote
                        .extend(reports.iter().map(|report| report.task.0));
                }
                Write::Cancel(task) => {
                    tasks.insert(task.0);
                    subject.remote.push(task.0);
                }
                Write::Offer(_) => subject.offers = true,
                Write::Record { task, .. } | Write::Finish { task, .. } | Write::Delete(task) => {
                    tasks.insert(task.0);
                }
                Write::Probe
                | Write::Rescue { .. }
                | Write::SaveQueue { .. }
                | Write::SaveSchedule(_)
                | Write::DeleteSchedule(_)
                | Write::Reschedule { .. }
                | Write::By(_)
                | Write::SaveKey(_)
                | Write::RevokeKey(_)
                | Write::SaveSession(_)
                | Write::EndSession(_)
                | Write::SaveUse(_)
                | Write::Prune { .. }
                | Write::PruneSessions { .. }
                | Write::PruneAudit { .. }
                | Write::PruneRequests { .. } => {}
            }
        }
        subject.tasks = tasks.into_iter().collect();
        subject
    }

    fn submits(&mut self, rows: &[NewRow]) {
        self.counted = true;
        let keys = rows.iter().filter_map(|row| row.unique_key.as_deref());
        self.keys.extend(keys.map(|key| escaped(key).into_owned()));
    }
}
