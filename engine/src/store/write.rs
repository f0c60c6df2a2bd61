//! What can be asked of a store, and what it answers.

use std::fmt;
use std::sync::Arc;

use glassworks_protocol::{
    Event, EventBody, Failure, Progress, QueueSettings, RetryPolicy, Schedule, State, TaskId,
    Timestamp,
};

use uuid::Uuid;

use super::access::{Caused, KeyRow, SessionRow, Used};
use super::decision::Head;
use super::log::Deletion;
use super::remote::{RemoteClaim, Report, Reported};

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

/// A task to be stored: validated, with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRow {
    /// Its id, a fresh `UUIDv7`.
    pub id: TaskId,
    /// As in [`Task`](glassworks_protocol::Task).
    pub kind: String,
    /// As in [`Task`](glassworks_protocol::Task).
    pub queue: String,
    /// The payload as JSON text.
    pub payload: String,
    /// 0 to 9.
    pub priority: u8,
    /// As in [`Task`](glassworks_protocol::Task).
    pub tags: Vec<String>,
    /// At least 1.
    pub max_attempts: u32,
    /// At least 1.
    pub timeout_ms: u64,
    /// When it is due.
    pub due: Due,
    /// Its own backoff.
    pub retry: Option<RetryPolicy>,
    /// As in [`Task`](glassworks_protocol::Task).
    pub unique_key: Option<String>,
    /// The schedule that submits it.
    pub schedule_id: Option<Uuid>,
    /// As in [`Task`](glassworks_protocol::Task).
    pub traceparent: Option<String>,
    /// As in [`Task`](glassworks_protocol::Task).
    pub submitted_by: Option<String>,
}

/// When a task is due. Spans are measured by the store's own clock, so that a node whose clock is
/// wrong harms nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Due {
    /// As soon as it is accepted.
    #[default]
    AtOnce,
    /// At this moment, or at once when that lies behind.
    At(Timestamp),
    /// So many milliseconds after it was accepted.
    After(u64),
}

/// Which running attempts are lost.
#[derive(Clone, Debug, PartialEq)]
pub enum Lost {
    /// Every one that a node makes: right only where no other node can be alive, and this one makes
    /// none yet. Those of remote workers go on.
    All,
    /// Those of remote workers whose lease has expired, or whose time is over.
    Remote {
        /// Spreads the wait before another attempt: a random number from 0 to 1.
        roll: f64,
    },
    /// Those of nodes whose lease has expired.
    Expired {
        /// How long a lease lasts, in milliseconds: with it goes how long its node was silent.
        lease_ms: u64,
        /// Attempts that the asking node is making, whatever their leases say. A node never takes
        /// back its own.
        held: Vec<(TaskId, u32)>,
    },
}

/// How a request is known when it is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Given by the client.
    pub key: String,
    /// SHA-256 of what it asks for.
    pub fingerprint: [u8; 32],
}

/// One firing of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// The schedule.
    pub schedule: Uuid,
    /// The moment it is for: the schedule's `next_fire_at` until it has fired.
    pub due: Timestamp,
    /// The schedule's next moment.
    pub next: Option<Timestamp>,
    /// What it submits, if anything.
    pub task: Option<NewRow>,
    /// Why it submits nothing, when it should.
    pub error: Option<String>,
}

/// Which tasks a node, or a worker, takes. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Served {
    /// Those of these kinds, which it can run.
    pub kinds: Arc<[String]>,
    /// Those of these queues; of all when `None`.
    pub queues: Option<Arc<[String]>>,
}

impl Served {
    /// Whether tasks of `queue` are taken.
    pub fn has_queue(&self, queue: &str) -> bool {
        let named = |queues: &Arc<[String]>| queues.iter().any(|name| name == queue);
        self.queues.as_ref().is_none_or(named)
    }
}

/// What a node asks for when it has room.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The node that will run the tasks.
    pub node: String,
    /// Which tasks it takes.
    pub served: Served,
    /// How many tasks it has room for.
    pub room: u32,
    /// How long each lease lasts, in milliseconds.
    pub lease_ms: u64,
    /// When a worker asks over HTTP. Then `node` is its name.
    pub remote: Option<RemoteClaim>,
}

impl Claim {
    /// Starts an attempt at the task of `head` for it, whose time limit and backoff are `of_task`.
    pub(super) fn start(
        &self,
        head: &mut Head,
        of_task: (u64, Option<RetryPolicy>),
        now: Timestamp,
    ) -> Result<(Effects, Option<Lease>), Refusal> {
        let Some(remote) = &self.remote else {
            return head
                .claim(now, self.lease_ms)
                .map(|effects| (effects, None));
        };
        let (effects, token) =
            head.claim_remotely(now, self.lease_ms, (remote, &self.node), of_task)?;
        let lease = Lease {
            token,
            left_ms: self.lease_ms,
        };
        Ok((effects, Some(lease)))
    }
}

/// A kind that a worker serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub kind: String,
    /// The JSON Schema of its payload, as text.
    pub schema: Option<String>,
    /// What it does, for people.
    pub description: String,
    /// The worker that offers it.
    pub worker: String,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It returned this, as JSON text; `None` for null.
    Completed(Option<String>),
    /// It failed.
    Failed {
        /// Why.
        message: String,
        /// How long it ran, in milliseconds.
        ran_ms: u64,
        /// How long to wait before another attempt, should attempts remain, in milliseconds;
        /// `None` fails the task for good.
        retry_in_ms: Option<u64>,
    },
    /// It stopped because somebody asked it to.
    Stopped,
    /// Its node could not make it. It does not count, and another follows.
    Postponed {
        /// Why.
        message: String,
        /// How long it ran, in milliseconds.
        ran_ms: u64,
        /// How long to wait before another attempt, in milliseconds.
        wait_ms: u64,
    },
    /// It was interrupted by a shutdown, and does not count.
    Released,
}

/// What became of a write, in the batch's order. Each variant answers the write of its name.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// For `Probe`.
    Probed,
    /// For a write that [waits for room](Write::waits_for_room), which the disk does not have.
    /// Nothing of it was done.
    NoRoom,
    /// For `Submit` and `SubmitOnce`: per task, in order.
    Submitted(Result<Vec<Accepted>, Refusal>),
    /// The tasks to run, in the order they were due, and when the next waiting task is due.
    Claimed {
        /// To run now.
        tasks: Vec<Claimed>,
        /// When the earliest scheduled or retrying task is due, or a queue's rate allows another.
        next_due: Option<Timestamp>,
        /// Whether due tasks remain that there was no room for.
        more: bool,
    },
    /// For `Record`.
    Recorded(Result<(), Refusal>),
    /// For `Report`: one for each, in order.
    Reported(Vec<Reported>),
    /// For `Offer`: all of them are kept, or none.
    Offered(Result<(), Refusal>),
    /// For `Finish`: the state that the task is in now.
    Finished(Result<State, Refusal>),
    /// For `Renew`: the attempts that are still their tasks'.
    Renewed(Vec<RenewedLease>),
    /// For `Rescue`: how many were taken back.
    Rescued(u32),
    /// For `Cancel`, `Retry` and `Delete`: the attempt that was running, if one was.
    Changed(Result<Option<u32>, Refusal>),
    /// For `SaveQueue`.
    QueueSaved,
    /// For `SaveSchedule`.
    ScheduleSaved,
    /// For `DeleteSchedule`: whether there was one.
    ScheduleDeleted(bool),
    /// For `Reschedule`: whether it waited for that moment.
    Rescheduled(bool),
    /// For `Fire`: whether this firing was the first for its moment. A refusal leaves the
    /// schedule where it is.
    Fired(Result<bool, Refusal>),
    /// For `SaveKey`.
    KeySaved(Result<(), Refusal>),
    /// For `RevokeKey`: the name of the key, if there was one.
    KeyRevoked(Option<String>),
    /// For `SaveSession`.
    SessionSaved,
    /// For `EndSession`: whether there was one.
    SessionEnded(bool),
    /// For `SaveUse`.
    UseSaved,
    /// For each `Prune…`: how many were forgotten.
    Pruned(u32),
}

/// Why a write was refused. Nothing of it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such task.
    NotFound(TaskId),
    /// The task is not running that attempt any more.
    Fenced,
    /// Its state forbids it.
    State(State),
    /// Another request has been known by that key.
    KeyReused,
    /// Another unfinished task, this one, has its unique key.
    KeyTaken(TaskId),
    /// The backlog would grow over this limit.
    BacklogFull(u64),
    /// More names of queues than this limit.
    TooManyQueues(usize),
    /// Another key has that name.
    NameTaken,
    /// More kinds than this limit.
    TooManyKinds(usize),
}

/// What a write of an attempt came to: a task that is gone is not running the attempt either.
pub(crate) fn fenced<T>(done: Result<T, Refusal>) -> Result<T, Refusal> {
    done.map_err(|refusal| match refusal {
        Refusal::NotFound(_) => Refusal::Fenced,
        other => other,
    })
}

/// What became of one task of a submit.
#[derive(Clone, Debug)]
pub enum Accepted {
    /// It was stored, and stands so.
    New(Head),
    /// An unfinished task with its unique key stands already.
    Existing(TaskId),
    /// The same request was sent before, and this task was its answer.
    Replayed(TaskId),
}

impl Accepted {
    /// The task, new or found.
    pub fn id(&self) -> TaskId {
        match self {
            Self::New(head) => head.id,
            Self::Existing(id) | Self::Replayed(id) => *id,
        }
    }
}

/// A task to run.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The task.
    pub id: TaskId,
    /// Its kind.
    pub kind: String,
    /// Its payload as JSON text.
    pub payload: String,
    /// The attempt to make.
    pub attempt: u32,
    /// When it was due.
    pub run_at: Timestamp,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
    /// Its own backoff.
    pub retry: Option<RetryPolicy>,
    /// The trace it belongs to, as the header of its request had it.
    pub traceparent: Option<String>,
    /// How many attempts count so far, this one among them.
    pub counted_attempts: u32,
    /// For a remote worker.
    pub lease: Option<Lease>,
}

/// What lets a remote worker write for an attempt.
#[derive(Clone, PartialEq, Eq)]
pub struct Lease {
    /// Opaque and secret. What is stored of it is a hash.
    pub token: String,
    /// How long it lasts from now, in milliseconds.
    pub left_ms: u64,
}

/// Without the secret.
impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("left_ms", &self.left_ms)
            .finish_non_exhaustive()
    }
}

/// An attempt whose lease was extended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenewedLease {
    /// The task.
    pub id: TaskId,
    /// The attempt that runs.
    pub attempt: u32,
    /// Whether it has been asked to stop.
    pub cancel_requested: bool,
}

/// A committed batch.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// One for each write, in order.
    pub outcomes: Vec<Outcome>,
    /// Every event of the batch, in order.
    pub events: Vec<Event>,
    /// The tasks that are gone.
    pub deleted: Vec<TaskId>,
    /// What was done in each queue, by name.
    pub moves: Vec<(String, Moves)>,
    /// Whether a node may find a task to claim, now or at another moment than it knew of.
    pub wake: bool,
}

/// How many tasks came to a queue and ended in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// They were accepted.
    pub submitted: u32,
    /// They completed.
    pub completed: u32,
    /// They failed for good.
    pub failed: u32,
}

impl Moves {
    /// Counts a task that left one state and entered another.
    pub(crate) fn count(&mut self, from: Option<State>, to: Option<State>) {
        let counter = match (from, to) {
            (None, Some(_)) => &mut self.submitted,
            (Some(_), Some(State::Completed)) => &mut self.completed,
            (Some(_), Some(State::Failed)) => &mut self.failed,
            _ => return,
        };
        *counter = counter.saturating_add(1);
    }

    /// Adds what was done later.
    pub(crate) fn add(&mut self, later: Self) {
        self.submitted = self.submitted.saturating_add(later.submitted);
        self.completed = self.completed.saturating_add(later.completed);
        self.failed = self.failed.saturating_add(later.failed);
    }
}

/// What a decision leaves to be stored beside the head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// New entries of the log.
    pub events: Vec<Event>,
    /// Entries of the log that go, these new ones among them.
    pub deletion: Option<Deletion>,
    /// A failure to keep.
    pub failure: Option<Failure>,
    /// The result to keep, as JSON text.
    pub result: Option<String>,
    /// The latest progress, where it changed.
    pub progress: Option<Progress>,
}
