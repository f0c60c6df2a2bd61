//! The figures in full, for those who ask the API for them. The browser's live ones are `Stats`.

use serde::Serialize;

use crate::{Stats, Timestamp};

/// The figures of a node and its store in full.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figures {
    /// The figures that the browser follows.
    #[serde(flatten)]
    pub stats: Stats,
    /// When the task that has waited longest for a free worker was due; null when none waits.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub oldest_waiting_at: Option<Timestamp>,
    /// What this node has done in each of the last seconds.
    pub throughput: Throughput,
    /// How long tasks waited for their handler to start, from the moment they were due.
    pub pick_up: Percentiles,
    /// How long attempts ran.
    pub run: Percentiles,
    /// Where tasks are kept.
    pub store: StoreFigures,
}

/// What a node has done in each of the last seconds, at most 299 of them, oldest first. Lists of
/// the same length.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Throughput {
    /// How long each entry stands for, in milliseconds.
    pub interval_ms: u64,
    /// Tasks that were accepted.
    pub submitted: Vec<u32>,
    /// Tasks that completed.
    pub completed: Vec<u32>,
    /// Tasks that failed for good.
    pub failed: Vec<u32>,
}

/// How long something took on this node since it started, in milliseconds, up to an eighth too
/// much. Null while it has never happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Percentiles {
    /// How often it happened.
    pub count: u64,
    /// Half of them took no longer.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub p50_ms: Option<f64>,
    /// 90 % of them took no longer.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub p90_ms: Option<f64>,
    /// 99 % of them took no longer.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub p99_ms: Option<f64>,
}

/// Where tasks are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoreFigures {
    /// The kind of store: `sqlite` or `postgres`.
    pub kind: &'static str,
    /// How a commit that somebody relies on is made safe: `full` or `on`, both wait for the disk.
    pub sync: &'static str,
    /// What it takes up on the disk, in bytes.
    pub size_bytes: u64,
    /// How much of that is a log that has not been moved into the database yet, in bytes. It grows
    /// for as long as something else reads the database in one transaction.
    pub log_bytes: u64,
    /// How often this node has asked it something since it started.
    pub reads: u64,
}
