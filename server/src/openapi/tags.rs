//! The groups of operations, in the order in which the documentation shows them.

pub(crate) const TASKS: &str = "Tasks";
pub(crate) const LIVE: &str = "Live";
pub(crate) const KINDS: &str = "Kinds";
pub(crate) const QUEUES: &str = "Queues";
pub(crate) const SCHEDULES: &str = "Schedules";
pub(crate) const WORKERS: &str = "Workers";
pub(crate) const LAB: &str = "Lab";
pub(crate) const SERVER: &str = "Server";
pub(crate) const ACCESS: &str = "Access";
pub(crate) const TRY: &str = "Try";
