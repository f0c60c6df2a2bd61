//! What pages are made of.

mod code_block;
mod counts;
mod erase;
mod field;
mod filters;
mod form_data;
mod header;
mod live_list;
mod moment;
mod page;
mod problem;
mod progress;
mod state_badge;
mod task_link;
mod task_log;
mod task_rows;
mod task_table;
mod terminal;

pub(crate) use code_block::{CodeBlock, CopyButton, origin};
pub(crate) use counts::Counts;
pub(crate) use erase::{Erase, Erased, changing, filled};
pub(crate) use field::field_view;
pub(crate) use filters::Filters;
pub(crate) use form_data::typed_in;
pub(crate) use header::Header;
pub(crate) use live_list::{LiveList, live_list};
pub(crate) use moment::{Clock, Elapsed, Moment, run_start};
pub(crate) use page::Page;
pub(crate) use problem::ProblemNote;
pub(crate) use progress::ProgressBar;
pub(crate) use state_badge::StateBadge;
pub(crate) use task_link::TaskLink;
pub(crate) use task_log::{Attempts, Log};
pub(crate) use task_rows::{Pick, TaskRows};
pub(crate) use task_table::TaskTable;
pub(crate) use terminal::{Printed, Terminal};
