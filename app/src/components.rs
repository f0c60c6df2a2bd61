//! What pages are made of.

mod code_block;
mod counts;
mod field;
mod filters;
mod header;
mod live_list;
mod moment;
mod problem;
mod progress;
mod state_badge;
mod task_link;
mod task_log;
mod task_table;
mod terminal;

pub(crate) use code_block::{CodeBlock, CopyButton, origin};
pub(crate) use counts::Counts;
pub(crate) use field::FieldControl;
pub(crate) use filters::Filters;
pub(crate) use header::Header;
pub(crate) use live_list::{LiveList, live_list};
pub(crate) use moment::{Clock, Elapsed, Moment, run_start};
pub(crate) use problem::ProblemNote;
pub(crate) use progress::ProgressBar;
pub(crate) use state_badge::{StateBadge, StateIcon};
pub(crate) use task_link::TaskLink;
pub(crate) use task_log::{Attempts, Log};
pub(crate) use task_table::TaskTable;
pub(crate) use terminal::{Printed, Terminal};
