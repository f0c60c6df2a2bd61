//! What a store answers to a batch of writes.

use glassworks_protocol::{Event, Failure, Progress, State, TaskId, Timestamp};

use super::{Claimed, RenewedLease};
use crate::store::decision::Head;
use crate::store::log::Deletion;
use crate::store::remote::Reported;

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
