//! What the engine can refuse or fail at.
//!
//! A refusal is the caller's affair: typed, and told in full. A failure of the store is ours: it
//! is logged with its cause where it happens, and the caller learns only that there was one.

use std::time::Duration;

use glassworks_protocol::{FieldError, Problem, ProblemCode, TaskId};
use uuid::Uuid;

use crate::store::{StoreError, StoreFailure};

/// What the engine can refuse or fail at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such task, or not any more.
    #[error("there is no task {0}")]
    NotFound(TaskId),
    /// No such schedule, or not any more.
    #[error("there is no schedule {0}")]
    NoSchedule(Uuid),
    /// No such worker, or not any more.
    #[error("there is no worker {0}")]
    NoWorker(Uuid),
    /// No queue of that name has tasks or settings.
    #[error("no queue `{0}` has tasks or settings")]
    NoQueue(String),
    /// No such key, or not any more.
    #[error("there is no key {0}")]
    NoKey(Uuid),
    /// No such session, or not any more.
    #[error("there is no session {0}")]
    NoSession(Uuid),
    /// Whoever asks may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// Understood, but not acceptable; each entry says what is wrong where.
    #[error("the request is not acceptable: {}", first(.0))]
    Invalid(Vec<FieldError>),
    /// More than a limit allows.
    #[error("{0}")]
    TooLarge(String),
    /// The task's state forbids it.
    #[error("{0}")]
    Conflict(String),
    /// Another unfinished task, this one, has the task's unique key.
    #[error("the unfinished task {0} has the same unique key")]
    UniqueKeyTaken(TaskId),
    /// The same request is being answered at this moment.
    #[error("a request with the same Idempotency-Key is being answered")]
    InFlight,
    /// The request was sent before, and the task that answered it has been deleted since.
    #[error("the task {0}, which answered this request before, has been deleted")]
    Gone(TaskId),
    /// As many tasks are waiting as the backlog takes.
    #[error("the backlog is full: {limit} tasks are unfinished")]
    BacklogFull {
        /// The limit that was reached.
        limit: u64,
    },
    /// No more work is taken.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The store cannot be used for now, in this way; the cause is in the log.
    #[error("{}; the same may be sent again later", .0.told())]
    Unavailable(StoreFailure),
    /// The store is asked for more than it answers at the moment.
    #[error("more is asked at this moment than is answered; the same may be sent again later")]
    Crowded,
    /// The question takes longer than one may.
    #[error("this takes longer than it may: narrow it, for example by state, kind, queue or tag")]
    TooMuch,
    /// The store failed as it never should; the cause is in the log.
    #[error("the store failed")]
    Store,
}

fn first(errors: &[FieldError]) -> String {
    errors.first().map_or_else(String::new, |error| {
        format!("{}: {}", error.pointer, error.detail)
    })
}

impl From<&StoreError> for Error {
    fn from(error: &StoreError) -> Self {
        match error.failure {
            StoreFailure::Failed => Self::Store,
            StoreFailure::Crowded => Self::Crowded,
            StoreFailure::TooMuch => Self::TooMuch,
            failure => Self::Unavailable(failure),
        }
    }
}

impl StoreFailure {
    /// What a client is told of it: enough to know whom to ask.
    fn told(self) -> &'static str {
        match self {
            Self::Full => "the server has no room on its disk",
            Self::Busy => "another program holds the server's database",
            Self::Faulty => "the server's database cannot be read or written",
            Self::Damaged => "the server's database is damaged",
            Self::Gone => "the server's database is not there any more",
            Self::Unreachable => "the server's database is not reached",
            Self::TimedOut => "the server's store does not answer in time",
            Self::Failed | Self::Crowded | Self::TooMuch => {
                "the store cannot be used at the moment"
            }
        }
    }
}

impl Error {
    /// Another key has the name that a key was to have.
    pub(crate) fn key_name_taken() -> Self {
        Self::Invalid(vec![FieldError::new("/name", "is the name of another key")])
    }

    /// The problem document (RFC 9457) that tells a client; without any internal cause.
    pub fn problem(&self) -> Problem {
        let problem = Problem::new(self.code());
        match self {
            Self::Invalid(errors) => problem
                .with_detail(self.to_string())
                .with_errors(errors.clone()),
            Self::Store => problem,
            _ => problem.with_detail(self.to_string()),
        }
    }

    /// The sort of problem that it is.
    fn code(&self) -> ProblemCode {
        match self {
            Self::NotFound(_) => ProblemCode::NoSuchTask,
            Self::NoSchedule(_) => ProblemCode::NoSuchSchedule,
            Self::NoWorker(_) => ProblemCode::NoSuchWorker,
            Self::NoQueue(_) => ProblemCode::NoSuchQueue,
            Self::NoKey(_) => ProblemCode::NoSuchKey,
            Self::NoSession(_) => ProblemCode::NoSuchSession,
            Self::Forbidden(_) => ProblemCode::Forbidden,
            Self::Invalid(_) => ProblemCode::Invalid,
            Self::TooLarge(_) => ProblemCode::PayloadTooLarge,
            Self::Conflict(_) => ProblemCode::StateConflict,
            Self::UniqueKeyTaken(_) => ProblemCode::UniqueKeyTaken,
            Self::InFlight => ProblemCode::RequestInFlight,
            Self::Gone(_) => ProblemCode::TaskDeleted,
            Self::BacklogFull { .. } => ProblemCode::BacklogFull,
            Self::ShuttingDown => ProblemCode::ShuttingDown,
            Self::Unavailable(_) => ProblemCode::StoreUnavailable,
            Self::Crowded => ProblemCode::Crowded,
            Self::TooMuch => ProblemCode::TakesTooLong,
            Self::Store => ProblemCode::StoreFailed,
        }
    }

    /// How long a client should wait before it tries again, where that is the remedy.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::InFlight
            | Self::Crowded
            | Self::TooMuch
            | Self::Unavailable(
                StoreFailure::Busy | StoreFailure::TimedOut | StoreFailure::Unreachable,
            ) => Some(Duration::from_secs(1)),
            Self::BacklogFull { .. } => Some(Duration::from_secs(5)),
            // Somebody has to see to it first, or another process takes over.
            Self::Unavailable(_) | Self::ShuttingDown => Some(Duration::from_secs(10)),
            _ => None,
        }
    }
}

/// Logs why the store failed, and gives the error that says no more than that it did.
pub(crate) fn log_store_error(what: &'static str, error: &StoreError) -> Error {
    match error.failure {
        // The store does well; the question did not.
        StoreFailure::Crowded | StoreFailure::TooMuch => {
            tracing::warn!(%error, what, "the store refused to answer");
        }
        failure => tracing::error!(%error, ?failure, what, "the store failed"),
    }
    Error::from(error)
}
