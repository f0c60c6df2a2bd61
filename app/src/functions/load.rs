//! What pages start from: a function for each page, so that none loads what others need.

use glassworks_protocol::{KindInfo, Stats, TaskCounts, TaskPage, TaskSummary};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::refused::Refused;
use crate::task_view::TaskStory;

/// What the board starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Board {
    /// The server's figures.
    pub(crate) stats: Stats,
    /// What is running.
    pub(crate) running: TaskPage<TaskSummary>,
    /// What failed.
    pub(crate) failed: TaskPage<TaskSummary>,
}

/// What the list starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskList {
    /// The tasks.
    pub(crate) page: TaskPage<TaskSummary>,
    /// The names of the kinds, to filter by.
    pub(crate) kinds: Vec<String>,
    /// How many tasks it would have in each state, whatever states it asks for; `None` when nobody
    /// knows.
    pub(crate) counts: Option<TaskCounts>,
}

/// What the board starts from.
#[server(prefix = "/fn", endpoint = "board", input = GetUrl, output = Json)]
pub(crate) async fn load_board() -> Result<Board, Refused> {
    from_engine::board(&super::engine()?).await
}

/// The list of tasks for a page's query string.
#[server(prefix = "/fn", endpoint = "tasks", input = GetUrl, output = Json)]
pub(crate) async fn load_tasks(query: String) -> Result<TaskList, Refused> {
    from_engine::tasks(&super::engine()?, &query).await
}

/// The task with an id, as its page's path has it.
#[server(prefix = "/fn", endpoint = "task", input = GetUrl, output = Json)]
pub(crate) async fn load_task(id: String) -> Result<TaskStory, Refused> {
    from_engine::task(&super::engine()?, &id).await
}

/// The kinds that this server runs.
#[server(prefix = "/fn", endpoint = "kinds", input = GetUrl, output = Json)]
#[allow(clippy::unused_async, reason = "a server function is async")]
pub(crate) async fn load_kinds() -> Result<Vec<KindInfo>, Refused> {
    Ok(super::engine()?.kinds().to_vec())
}

#[cfg(feature = "ssr")]
pub(super) use from_engine::Part;

#[cfg(feature = "ssr")]
mod from_engine {
    use glassworks_engine::{Engine, Error};
    use glassworks_protocol::{
        Event, PageRequest, Problem, ProblemCode, State, Task, TaskFilter, TaskId,
    };

    use super::{Board, TaskList};
    use crate::list_query::{ListQuery, ON_BOARD};
    use crate::refused::{Refused, refuse, refuse_error};
    use crate::task_view::{Reading, TaskStory};
    use crate::time::now;

    /// At most this many events, from the end of a log, make up a task's page.
    const MAX_EVENTS: u64 = 5_000;
    /// How many of them are read at a time.
    const EVENTS_AT_ONCE: u32 = 1_000;

    pub(super) async fn board(engine: &Engine) -> Result<Board, Refused> {
        let in_state = async |state| {
            let filter = TaskFilter {
                state: vec![state],
                ..TaskFilter::default()
            };
            let page = PageRequest {
                limit: Some(ON_BOARD),
                ..PageRequest::default()
            };
            engine.summaries(&filter, &page).await
        };
        let load = async || {
            Ok(Board {
                stats: engine.stats().await?,
                running: in_state(State::Running).await?,
                failed: in_state(State::Failed).await?,
            })
        };
        load().await.map_err(|error: Error| refuse_error(&error))
    }

    pub(super) async fn tasks(engine: &Engine, query: &str) -> Result<TaskList, Refused> {
        let list = ListQuery::parse(query).map_err(|detail| {
            let problem = Problem::new(ProblemCode::Invalid);
            refuse(problem.with_detail(detail))
        })?;
        let page = engine.summaries(&list.filter(now()), &list.page).await;
        // The list is of use without its counts.
        let counts = engine
            .counts(&list.in_states(Vec::new()).filter(now()))
            .await;
        Ok(TaskList {
            page: page.map_err(|error| refuse_error(&error))?,
            kinds: engine
                .kinds()
                .iter()
                .map(|info| info.kind.clone())
                .collect(),
            counts: counts.ok().flatten(),
        })
    }

    pub(super) async fn task(engine: &Engine, id: &str) -> Result<TaskStory, Refused> {
        match id.parse() {
            Ok(id) => story(engine, id)
                .await
                .map_err(|error| refuse_error(&error)),
            Err(_) => Err(refuse(Problem::new(ProblemCode::NoSuchTask))),
        }
    }

    async fn story(engine: &Engine, id: TaskId) -> Result<TaskStory, Error> {
        let task = engine.task(id).await?;
        let part = Part::of(&task);
        let mut reading = Reading::new(task, part.after);
        part.read(engine, |event| reading.push(event)).await?;
        Ok(reading.story())
    }

    /// The part of a task's log that its page shows: its end, as it stood when the task was read.
    pub(in crate::functions) struct Part {
        id: TaskId,
        /// The `seq` of the event before it.
        pub(in crate::functions) after: u64,
        last: u64,
    }

    impl Part {
        pub(in crate::functions) fn of(task: &Task) -> Self {
            Self {
                id: task.id,
                after: task.last_seq.saturating_sub(MAX_EVENTS),
                last: task.last_seq,
            }
        }

        /// Reads it page by page.
        pub(in crate::functions) async fn read(
            self,
            engine: &Engine,
            mut push: impl FnMut(&Event),
        ) -> Result<(), Error> {
            let mut after = self.after;
            loop {
                let page = engine.events(self.id, after, EVENTS_AT_ONCE).await?;
                let Some(last) = page.last() else { break };
                after = last.seq;
                for event in &page {
                    push(event);
                }
                // What is printed while this reads is the live connection's to tell.
                if after >= self.last {
                    break;
                }
            }
            Ok(())
        }
    }
}
