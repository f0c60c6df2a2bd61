//! What can be asked of a store.

mod claim;
mod outcome;
mod row;

pub use claim::{Claim, Claimed, End, Lease, Lost, Offer, RenewedLease, Served};
pub(crate) use outcome::fenced;
pub use outcome::{Accepted, Committed, Effects, Moves, Outcome, Refusal};
pub use row::{Due, Firing, NewRow, RequestKey};

use glassworks_protocol::{EventBody, QueueSettings, Schedule, TaskId, Timestamp};
use uuid::Uuid;

use crate::store::access::{Caused, KeyRow, SessionRow, Used};
use crate::store::remote::Report;

/// One change. Those of a run carry its attempt, and are refused when the task is not running
/// that attempt any more: that is fencing.
#[derive(Clone, Debug)]
pub enum Write {
    /// Change nothing, and wait for the disk: it proves that commits work.
    Probe,
    /// Accept tasks: all of them or none.
    Submit(Vec<NewRow>),
    /// Accept tasks as the answer to a request that may be sent again: when its key is known
    /// already, the tasks that answered it then are the answer.
    SubmitOnce {
        /// All of them or none.
        rows: Vec<NewRow>,
        /// How the request is known.
        request: RequestKey,
    },
    /// Queue what is due, then take tasks to run.
    Claim(Claim),
    /// Add to a running task's log.
    Record {
        /// The task.
        task: TaskId,
        /// The attempt that records.
        attempt: u32,
        /// Progress, output and spans, in order.
        entries: Vec<EventBody>,
    },
    /// End an attempt.
    Finish {
        /// The task.
        task: TaskId,
        /// The attempt that ended.
        attempt: u32,
        /// What it recorded last.
        entries: Vec<EventBody>,
        /// How it ended.
        end: End,
    },
    /// Record what remote workers hand in, and renew or end their attempts: each report by itself.
    Report {
        /// In the order in which they are taken.
        reports: Vec<Report>,
        /// How long a lease that is renewed lasts from now, in milliseconds.
        lease_ms: u64,
    },
    /// Keep what kinds a worker serves.
    Offer(Vec<Offer>),
    /// Extend the leases of attempts that a node makes.
    Renew {
        /// The attempts, each named: of one that is not its task's any more nothing is renewed.
        attempts: Vec<(TaskId, u32)>,
        /// How long each lease lasts from now, in milliseconds.
        lease_ms: u64,
    },
    /// Take back tasks whose attempt is lost, at most `limit`, the longest lost first.
    Rescue {
        /// Which attempts are lost.
        lost: Lost,
        /// How many at most.
        limit: u32,
    },
    /// Cancel a waiting task, or ask a running one to stop.
    Cancel(TaskId),
    /// Make a task due now, with all its attempts before it again.
    Retry(TaskId),
    /// Forget a finished task.
    Delete(TaskId),
    /// Set how a queue may be used.
    SaveQueue {
        /// Its name.
        name: String,
        /// How it may be used.
        settings: QueueSettings,
    },
    /// Make a schedule, or change the one of its id.
    SaveSchedule(Box<Schedule>),
    /// Forget a schedule. The tasks it submitted stay.
    DeleteSchedule(Uuid),
    /// Fire a schedule for one moment.
    Fire(Box<Firing>),
    /// Move the next moment of a schedule that has not fired for it yet: a clock was set.
    Reschedule {
        /// The schedule.
        schedule: Uuid,
        /// The moment that it waits for. When it waits for another, nothing is done.
        from: Timestamp,
        /// The moment that it is to wait for.
        to: Timestamp,
    },
    /// Forget finished tasks, oldest first, at most `limit`.
    Prune {
        /// Completed and cancelled tasks that ended longer ago than this, in milliseconds.
        completed_ms: u64,
        /// Failed tasks that ended longer ago than this, in milliseconds.
        failed_ms: u64,
        /// How many at most.
        limit: u32,
    },
    /// The same write, caused by somebody: what it changes is told in the audit log, in the same
    /// transaction, by [`audit::entry`](super::audit::entry). Its outcome answers the write within.
    By(Box<Caused>),
    /// Keep a key. Refused when another has its name.
    SaveKey(Box<KeyRow>),
    /// Forget a key, and end the sessions that were begun with it.
    RevokeKey(Uuid),
    /// Keep a session.
    SaveSession(Box<SessionRow>),
    /// Forget a session.
    EndSession(Uuid),
    /// Keep when keys and sessions were used last.
    SaveUse(Used),
    /// Forget sessions that have not been used for so long, or have expired, at most `limit`.
    PruneSessions {
        /// Those that were used last longer ago than this, in milliseconds.
        idle_ms: u64,
        /// How many at most.
        limit: u32,
    },
    /// Forget entries of the audit log, oldest first, at most `limit`.
    PruneAudit {
        /// Those that are older than this, in milliseconds.
        older_ms: u64,
        /// How many at most.
        limit: u32,
    },
    /// Forget by which keys old requests were known, oldest first, at most `limit`.
    PruneRequests {
        /// Those that were accepted longer ago than this, in milliseconds.
        accepted_ms: u64,
        /// How many at most.
        limit: u32,
    },
}

impl Write {
    /// The write itself, whoever caused it.
    pub fn plain(&self) -> &Self {
        match self {
            Self::By(caused) => caused.write.plain(),
            plain => plain,
        }
    }

    /// Whether somebody relies on this write once it is acknowledged, even after a power cut.
    ///
    /// A lost claim or progress report only means that an attempt is made again.
    pub fn must_be_durable(&self) -> bool {
        match self {
            Self::Probe
            | Self::Submit(_)
            | Self::SubmitOnce { .. }
            | Self::Finish { .. }
            | Self::Rescue { .. }
            | Self::Cancel(_)
            | Self::Retry(_)
            | Self::Delete(_)
            | Self::SaveQueue { .. }
            | Self::SaveSchedule(_)
            | Self::DeleteSchedule(_)
            | Self::Reschedule { .. }
            | Self::Fire(_)
            | Self::SaveKey(_)
            | Self::RevokeKey(_)
            | Self::SaveSession(_)
            | Self::EndSession(_) => true,
            Self::By(caused) => caused.write.must_be_durable(),
            Self::Report { reports, .. } => reports.iter().any(|it| it.verdict.is_some()),
            Self::Claim(_)
            | Self::Offer(_)
            | Self::Record { .. }
            | Self::Renew { .. }
            | Self::SaveUse(_)
            | Self::Prune { .. }
            | Self::PruneSessions { .. }
            | Self::PruneAudit { .. }
            | Self::PruneRequests { .. } => false,
        }
    }

    /// Whether it brings more to keep, and can wait: not taken while the disk is full, so that what
    /// ends, forgets or stops something has the room that is left.
    pub fn waits_for_room(&self) -> bool {
        match self {
            Self::Submit(_)
            | Self::SubmitOnce { .. }
            | Self::Fire(_)
            | Self::Claim(_)
            | Self::Offer(_)
            | Self::Record { .. }
            | Self::SaveKey(_)
            | Self::SaveSession(_) => true,
            Self::By(caused) => caused.write.waits_for_room(),
            // What has nothing to add only renews, and what ends has the room that is left.
            Self::Report { reports, .. } => reports.iter().all(|report| {
                let adds = !report.output.is_empty() || !report.entries.is_empty();
                adds && report.verdict.is_none()
            }),
            Self::Probe
            | Self::Finish { .. }
            | Self::Renew { .. }
            | Self::Rescue { .. }
            | Self::Cancel(_)
            | Self::Retry(_)
            | Self::Delete(_)
            | Self::SaveQueue { .. }
            | Self::SaveSchedule(_)
            | Self::DeleteSchedule(_)
            | Self::Reschedule { .. }
            | Self::RevokeKey(_)
            | Self::EndSession(_)
            | Self::SaveUse(_)
            | Self::Prune { .. }
            | Self::PruneSessions { .. }
            | Self::PruneAudit { .. }
            | Self::PruneRequests { .. } => false,
        }
    }

    /// Whether there may be more to claim after it, or more room for it.
    pub(crate) fn may_bring_work(&self) -> bool {
        match self {
            Self::Submit(_)
            | Self::SubmitOnce { .. }
            | Self::Finish { .. }
            | Self::Rescue { .. }
            | Self::Retry(_)
            | Self::SaveQueue { .. }
            | Self::Fire(_) => true,
            Self::Report { reports, .. } => reports.iter().any(|report| report.verdict.is_some()),
            Self::Probe
            | Self::Claim(_)
            | Self::Offer(_)
            | Self::Record { .. }
            | Self::Renew { .. }
            | Self::Cancel(_)
            | Self::Delete(_)
            | Self::SaveSchedule(_)
            | Self::DeleteSchedule(_)
            | Self::Reschedule { .. }
            | Self::SaveKey(_)
            | Self::RevokeKey(_)
            | Self::SaveSession(_)
            | Self::EndSession(_)
            | Self::SaveUse(_)
            | Self::Prune { .. }
            | Self::PruneSessions { .. }
            | Self::PruneAudit { .. }
            | Self::PruneRequests { .. } => false,
            Self::By(caused) => caused.write.may_bring_work(),
        }
    }
}
