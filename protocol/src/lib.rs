//! What travels between Glassworks and its clients.
//!
//! Plain data with serde on it, compiled both natively and to wasm. Nothing here does I/O, reads
//! a clock or knows how a task is run: those rules live in the engine.

pub mod access;
pub mod basics;
pub mod bulk;
pub mod claims;
pub mod event;
pub mod excerpt;
pub mod figures;
pub mod filter;
pub mod json_text;
pub mod kind;
pub mod live;
pub mod node;
mod object;
pub mod payload_summary;
pub mod problem;
pub mod queue;
pub mod schedule;
#[cfg(feature = "openapi")]
mod schema;
pub mod stats;
pub mod task;
pub mod timestamp;

pub use access::{
    Actor, ActorKind, ApiKey, AuditAction, AuditEntry, AuditFilter, AuditPage, CreatedKey, NewKey,
    Reach, Scope, Session,
};
pub use basics::{Aggregate, Answer, Asking, Health, Hello, Status, StreamedNumber, Waited};
pub use bulk::{BulkAction, BulkChange, BulkOutcome, BulkProgress};
pub use claims::{
    AttemptFailure, AttemptFailures, AttemptOutcome, AttemptStanding, AttemptStatus, Beat,
    BeatAnswer, BeatItem, BeatProgress, BeatSpan, ClaimAnswer, ClaimRequest, ClaimedTask,
    Completion, Completions, EndAnswer, FinishedAttempt, KindOffer, Piece, Pieces, Release,
    Releases, WorkerInfo,
};
pub use event::{Event, EventBody, OutputStream, StateReason};
pub use figures::{Figures, Percentiles, StoreFigures, Throughput};
pub use filter::{
    OneOrSeveral, Order, PageRequest, TaskCounts, TaskFilter, TaskPage, UnknownOrder,
};
pub use json_text::JsonText;
pub use kind::{KindInfo, KindOrigin, KindStatus};
pub use live::{ClientMessage, ServerMessage};
pub use node::NodeInfo;
pub use problem::{FieldError, Problem, ProblemCode, pointer_step};
pub use queue::{Queue, QueueHistory, QueueSettings, RateLimit};
pub use schedule::{FiringTime, MissedFirings, NewSchedule, Schedule};
pub use stats::{StateCounts, Stats};
pub use task::{
    AcceptedTask, Failure, ListedTask, NewTask, Progress, RetryPolicy, State, Task, TaskId,
    TaskSummary, UnknownState,
};
pub use timestamp::{InvalidTimestamp, Timestamp};
