//! The lab without a browser: what an experiment teaches, what a run has shown, and what is said of
//! both.

mod book;
mod chart;
mod compare;
mod difference;
mod kept;
mod moments;
mod run;
mod spoken;

use glassworks_protocol::TaskId;

#[cfg(feature = "ssr")]
pub use book::{Book, Choice, Experiment};
pub use book::{Code, CompilerWords, Prediction};
pub(crate) use book::{Lesson, Listed, Path};
pub(crate) use chart::{Chart, Lane, Part, Variant, WIDE, across, path, ticks};
pub(crate) use compare::{Compared, compare, say, summary};
pub(crate) use difference::{Change, Line};
pub(crate) use kept::{Kept, Sure};
pub(crate) use moments::{Moment, moments};
#[cfg(feature = "ssr")]
pub(crate) use run::servers_of;
pub(crate) use run::{LabRun, Server};
pub(crate) use spoken::{figure, milliseconds};

/// The kind of the lab's tasks.
#[cfg(feature = "ssr")]
pub(crate) const KIND: &str = "lab";

/// Where the run of an experiment is shown.
pub(crate) fn run_path(experiment: &str, run: TaskId) -> String {
    format!("/lab/{experiment}?run={run}")
}
