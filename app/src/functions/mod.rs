//! The server functions: the browser's own thin way to the engine, under `/fn`.

mod bulk;
mod change;
mod endpoints;
mod lab;
mod load;
mod nodes;
mod queues;
mod schedules;
mod submit;

pub(crate) use bulk::{BeginChange, ManyChange, load_change};
pub(crate) use change::{Change, ChangeTask};
pub(crate) use endpoints::{
    Endpoint, Heard, try_aggregate, try_answer, try_slow, try_stream, try_task,
};
pub(crate) use lab::{RunExperiment, load_lab, load_lab_run, load_lesson};
pub(crate) use load::{Board, TaskList, load_board, load_kinds, load_task, load_tasks};
pub(crate) use nodes::{ChangeWorker, Nodes, RUNNING, load_nodes};
pub(crate) use queues::{ChangeQueue, QueueChange, Queues, load_queues};
pub(crate) use schedules::{
    ChangeSchedule, SaveSchedule, ScheduleChange, ScheduleDraft, ScheduleStory, Schedules,
    load_firings, load_schedule_form, load_schedules,
};
pub(crate) use submit::SubmitTask;

#[cfg(feature = "ssr")]
use {crate::refused::Refused, glassworks_engine::Engine};

/// The engine that serves this request.
#[cfg(feature = "ssr")]
fn engine() -> Result<Engine, Refused> {
    use glassworks_protocol::{Problem, ProblemCode};

    leptos::prelude::use_context().ok_or_else(|| {
        let problem = Problem::new(ProblemCode::Internal);
        crate::refused::refuse(problem.with_detail("There is no engine here."))
    })
}
