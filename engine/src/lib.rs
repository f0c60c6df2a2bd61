//! The durable task engine.
//!
//! A task that was accepted is never lost, never stuck, never silent. Every change goes through
//! the journal, which commits waiting writes as one transaction; live streams follow what was
//! committed. Delivery is **at least once**: an attempt that is cut short by a crash is made
//! again, so handlers are given the attempt's number.
//!
//! Start at [`Engine::builder`] and [`Handler`]. There is no HTTP here and no user interface.

/// What tasks, events and problems look like.
pub use glassworks_protocol as protocol;

mod access;
mod attempts;
mod engine;
mod error;
mod handler;
mod histogram;
mod history;
mod housekeeping;
mod hub;
mod journal;
mod limits;
pub mod moving;
mod neighbours;
mod options;
mod readiness;
mod registry;
mod remote;
mod retry;
mod schedule;
pub mod shape;
pub mod state;
pub mod store;
mod submission;
mod tally;
mod texts;
mod throughput;
mod watched;

pub use access::{AdminKey, Caller, Denied, Direct, DirectError, InvalidAdminKey, SecretText};
pub use engine::{Builder, Engine, Granted, RequestContext, Submitted, Which};
pub use error::Error;
pub use handler::{Handler, Run, TaskError};
pub use histogram::{Durations, Histogram};
pub use hub::{Change, Changes, Follow};
pub use journal::JournalCounts;
pub use limits::{Limits, Retention};
pub use options::{Database, Options, QueueRule, StartError};
pub use registry::PayloadSchema;
pub use remote::WorkerCounts;
pub use remote::kinds::DeclaredKind;
pub use watched::ListNews;
