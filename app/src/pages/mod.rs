//! The pages, one file each.

mod board;
mod not_found;
mod submit;
mod task;
mod tasks;

pub(crate) use board::BoardPage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use submit::SubmitPage;
pub(crate) use task::TaskPage;
pub(crate) use tasks::TasksPage;
