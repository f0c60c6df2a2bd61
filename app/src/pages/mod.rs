//! The pages, one file each, and each loaded when it is first shown: by itself or in its bundle.

mod board;
mod bundles;
mod change;
mod endpoints;
mod lab;
mod nodes;
mod not_found;
mod queues;
mod schedule_form;
mod schedules;
mod submit;
mod task;
mod tasks;

pub(crate) use board::BoardRoute;
pub(crate) use bundles::{
    ChangeRoute, ExperimentRoute, LabRoute, NodesRoute, QueuesRoute, ScheduleFormRoute,
    SchedulesRoute, SubmitRoute, TasksRoute, TryRoute,
};
pub(crate) use not_found::NotFoundPage;
pub(crate) use task::TaskRoute;
