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
}

#[lazy]
fn operations(page: Operations) -> AnyView {
    match page {
        Operations::Nodes => nodes::page(),
        Operations::Queues => queues::page(),
        Operations::Schedules => schedules::page(),
    }
}

/// A page that is a form, or several.
#[derive(Clone, Copy, Debug)]
enum Forms {
    Submit,
    Schedule,
    Try,
}

#[lazy]
fn forms(page: Forms) -> AnyView {
    match page {
        Forms::Submit => submit::page(),
        Forms::Schedule => schedule_form::page(),
        Forms::Try => endpoints::page(),
    }
}

/// A page about many tasks.
#[derive(Clone, Copy, Debug)]
enum Lists {
    Tasks,
    Change,
}

#[lazy]
fn lists(page: Lists) -> AnyView {
    match page {
        Lists::Tasks => tasks::page(),
        Lists::Change => change::page(),
    }
}

/// A page of the lab.
#[derive(Clone, Copy, Debug)]
enum Lab {
    Path,
    Experiment,
}

#[lazy]
fn experiments(page: Lab) -> AnyView {
    match page {
        Lab::Path => lab::path(),
        Lab::Experiment => lab::experiment(),
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
    ScheduleFormRoute, forms, __preload_forms, Forms::Schedule
);
bundled!(
    /// The form of the kind that the URL's query names, filled in with what it says.
    SubmitRoute, forms, __preload_forms, Forms::Submit
);
bundled!(
    /// The list of tasks that the URL's query asks for.
    TasksRoute, lists, __preload_lists, Lists::Tasks
);
bundled!(
    /// The change of many tasks that the URL's query asks for, or follows.
    ChangeRoute, lists, __preload_lists, Lists::Change
);
bundled!(
    /// The async endpoints, tried.
    TryRoute, forms, __preload_forms, Forms::Try
);
bundled!(
    /// The path through the lab's experiments.
    LabRoute, experiments, __preload_experiments, Lab::Path
);
bundled!(
    /// The experiment that the path names, and the run of it that the URL's query names.
    ExperimentRoute, experiments, __preload_experiments, Lab::Experiment
);
