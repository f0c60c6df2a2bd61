//! Pages that are loaded together.
//!
//! Pages that are loaded apart share code in every combination, and the splitter makes a piece for
//! each: with ten pages they were hundreds of a few hundred bytes, and their names alone were more
//! than a page. So pages that people use together, and that share most of their parts, are one lazy
//! function each.

use leptos::{lazy, prelude::*};
use leptos_router::LazyRoute;

use super::{change, endpoints, lab, nodes, queues, schedule_form, schedules, submit, tasks};

/// A page for who runs the server.
#[derive(Clone, Copy, Debug)]
enum Operations {
    Nodes,
    Queues,
    Schedules,
    ScheduleForm,
}

#[lazy]
fn operations(page: Operations) -> AnyView {
    match page {
        Operations::Nodes => nodes::page(),
        Operations::Queues => queues::page(),
        Operations::Schedules => schedules::page(),
        Operations::ScheduleForm => schedule_form::page(),
    }
}

/// A page for who has work done.
#[derive(Clone, Copy, Debug)]
enum Work {
    Tasks,
    Change,
    Submit,
}

#[lazy]
fn work(page: Work) -> AnyView {
    match page {
        Work::Tasks => tasks::page(),
        Work::Change => change::page(),
        Work::Submit => submit::page(),
    }
}

/// A page for who wants to see how it behaves.
#[derive(Clone, Copy, Debug)]
enum Trials {
    Endpoints,
    Lab,
    Experiment,
}

#[lazy]
fn trials(page: Trials) -> AnyView {
    match page {
        Trials::Endpoints => endpoints::page(),
        Trials::Lab => lab::path(),
        Trials::Experiment => lab::experiment(),
    }
}

/// A route whose page is one of a lazy function's.
macro_rules! bundled {
    ($(#[$about:meta])* $route:ident, $function:ident, $preload:ident, $page:expr) => {
        $(#[$about])*
        pub(crate) struct $route;

        impl LazyRoute for $route {
            fn data() -> Self {
                Self
            }

            async fn view(_: Self) -> AnyView {
                $function($page).await
            }

            async fn preload() {
                // There is nothing to load on the server.
                #[cfg(target_arch = "wasm32")]
                $preload().await;
            }
        }
    };
}

bundled!(
    /// Who runs tasks.
    NodesRoute, operations, __preload_operations, Operations::Nodes
);
bundled!(
    /// All queues, or the one that the path names.
    QueuesRoute, operations, __preload_operations, Operations::Queues
);
bundled!(
    /// All schedules, or the one that the path names.
    SchedulesRoute, operations, __preload_operations, Operations::Schedules
);
bundled!(
    /// The form of the schedule that the path names, or of a new one.
    ScheduleFormRoute, operations, __preload_operations, Operations::ScheduleForm
);
bundled!(
    /// The form of the kind that the URL's query names, filled in with what it says.
    SubmitRoute, work, __preload_work, Work::Submit
);
bundled!(
    /// The list of tasks that the URL's query asks for.
    TasksRoute, work, __preload_work, Work::Tasks
);
bundled!(
    /// The change of many tasks that the URL's query asks for, or follows.
    ChangeRoute, work, __preload_work, Work::Change
);
bundled!(
    /// The async endpoints, tried.
    TryRoute, trials, __preload_trials, Trials::Endpoints
);
bundled!(
    /// The path through the lab's experiments.
    LabRoute, trials, __preload_trials, Trials::Lab
);
bundled!(
    /// The experiment that the path names, and the run of it that the URL's query names.
    ExperimentRoute, trials, __preload_trials, Trials::Experiment
);
