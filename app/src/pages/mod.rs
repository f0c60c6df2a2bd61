//! The pages, one file each, and each loaded when it is first shown.

mod board;
mod endpoints;
mod not_found;
mod submit;
mod task;
mod tasks;

pub(crate) use board::BoardRoute;
pub(crate) use endpoints::TryRoute;
pub(crate) use not_found::NotFoundPage;
pub(crate) use submit::SubmitRoute;
pub(crate) use task::TaskRoute;
pub(crate) use tasks::TasksRoute;
