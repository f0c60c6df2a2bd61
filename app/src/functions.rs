//! The server functions: the browser's own thin way to the engine, under `/fn`.

use std::collections::BTreeMap;

use glassworks_protocol::{
    KindInfo, PageRequest, Stats, Task, TaskFilter, TaskId, TaskPage, TaskSummary,
};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::refused::Refused;
use crate::task_view::TaskStory;

#[cfg(feature = "ssr")]
use {
    crate::form::{Form, Typed, new_task},
    crate::pages::{first_page, in_state},
    crate::query,
    crate::refused::{is_plain_form, refuse, refuse_error},
    glassworks_engine::Engine,
    glassworks_protocol::{Problem, State},
    leptos::server_fn::ServerFn,
    leptos::server_fn::error::ServerFnUrlError,
};

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

/// The board.
#[server(prefix = "/fn", endpoint = "board", input = GetUrl, output = Json)]
pub(crate) async fn load_board() -> Result<Board, Refused> {
    let engine = engine()?;
    let in_state = async |state| engine.summaries(&in_state(state), &first_page()).await;
    let load = async || {
        Ok(Board {
            stats: engine.stats().await?,
            running: in_state(State::Running).await?,
            failed: in_state(State::Failed).await?,
        })
    };
    load()
        .await
        .map_err(|error: glassworks_engine::Error| refuse_error(&error))
}

/// One page of tasks.
#[server(prefix = "/fn", endpoint = "tasks", input = GetUrl, output = Json)]
pub(crate) async fn load_tasks(
    #[server(default)] filter: TaskFilter,
    #[server(default)] page: PageRequest,
) -> Result<TaskPage<TaskSummary>, Refused> {
    let engine = engine()?;
    engine
        .summaries(&filter, &page)
        .await
        .map_err(|error| refuse_error(&error))
}

/// One task, and the end of its log.
#[server(prefix = "/fn", endpoint = "task", input = GetUrl, output = Json)]
pub(crate) async fn load_task(id: TaskId) -> Result<TaskStory, Refused> {
    let engine = engine()?;
    read_story(&engine, id)
        .await
        .map_err(|error| refuse_error(&error))
}

/// The kinds that this server runs.
#[server(prefix = "/fn", endpoint = "kinds", input = GetUrl, output = Json)]
#[allow(clippy::unused_async, reason = "server functions are asynchronous")]
pub(crate) async fn load_kinds() -> Result<Vec<KindInfo>, Refused> {
    Ok(engine()?.kinds().to_vec())
}

/// Submits what was typed into the form of `kind`, and leads to the new task's page.
#[server(prefix = "/fn", endpoint = "submit_task", output = Json)]
pub(crate) async fn submit_task(
    kind: String,
    #[server(default)] payload: BTreeMap<String, String>,
    #[server(default)] options: BTreeMap<String, String>,
) -> Result<TaskId, Refused> {
    let typed = Typed::sent(&payload, &options);
    match submit(&kind, &typed).await {
        Ok(id) => {
            leptos_axum::redirect(&format!("/tasks/{id}"));
            Ok(id)
        }
        Err(refused) => {
            if is_plain_form() {
                back_to_form(&kind, &typed, &refused);
            }
            Err(refused)
        }
    }
}

/// What somebody asks of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// Cancel it, or ask it to stop when it runs.
    Cancel,
    /// Make it due now, with its attempts afresh.
    Retry,
    /// Delete it, when it has ended.
    Delete,
}

impl Change {
    /// As it is sent.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Delete => "delete",
        }
    }
}

/// Changes a task, and answers with it as it is then. When it was deleted, leads to the list.
#[server(prefix = "/fn", endpoint = "change_task", output = Json)]
pub(crate) async fn change_task(id: TaskId, change: Change) -> Result<Option<Task>, Refused> {
    let engine = engine()?;
    let changed = match change {
        Change::Cancel => engine.cancel(id).await.map(Some),
        Change::Retry => engine.retry(id).await.map(Some),
        Change::Delete => engine.delete(id).await.map(|()| None),
    };
    if let Ok(None) = changed {
        leptos_axum::redirect("/tasks");
    }
    changed.map_err(|error| refuse_error(&error))
}

/// At most this many events, from the end of a log, make up a task's page.
#[cfg(feature = "ssr")]
const MAX_EVENTS: u64 = 5_000;
/// How many of them are read at a time.
#[cfg(feature = "ssr")]
const EVENTS_AT_ONCE: u32 = 1_000;

/// The engine that serves this request.
#[cfg(feature = "ssr")]
fn engine() -> Result<Engine, Refused> {
    use_context().ok_or_else(|| {
        refuse(Problem::new(500, "Something went wrong").with_detail("There is no engine here."))
    })
}

#[cfg(feature = "ssr")]
async fn read_story(engine: &Engine, id: TaskId) -> Result<TaskStory, glassworks_engine::Error> {
    let task = engine.task(id).await?;
    let from = task.last_seq.saturating_sub(MAX_EVENTS);
    let mut events = Vec::new();
    let mut after = from;
    loop {
        let page = engine.events(id, after, EVENTS_AT_ONCE).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        let whole = page.len() == EVENTS_AT_ONCE as usize;
        events.extend(page);
        // What is printed while this reads is the live connection's to tell.
        if !whole || after >= task.last_seq {
            break;
        }
    }
    Ok(TaskStory::new(task, from, events.iter().map(AsRef::as_ref)))
}

#[cfg(feature = "ssr")]
async fn submit(kind: &str, typed: &Typed) -> Result<TaskId, Refused> {
    let engine = engine()?;
    let Some(info) = engine.kinds().iter().find(|info| info.kind == kind) else {
        let detail = format!("There is no kind `{kind}`.");
        return Err(refuse(
            Problem::new(422, "Unprocessable Content").with_detail(detail),
        ));
    };
    let new = new_task(kind, &Form::of(info), typed)
        .map_err(|errors| refuse(Problem::new(422, "Unprocessable Content").with_errors(errors)))?;
    match engine.submit(new).await {
        Ok(submitted) => Ok(submitted.task.id),
        Err(error) => Err(refuse_error(&error)),
    }
}

/// Without JavaScript a refused form leads back to its page, which is told in the URL what was
/// typed and what is wrong with it. Servers and proxies take URLs of some kilobytes only.
#[cfg(feature = "ssr")]
fn back_to_form(kind: &str, typed: &Typed, refused: &Refused) {
    const MAX_TYPED_BYTES: usize = 6 * 1024;
    let mut pairs = typed.fitting(MAX_TYPED_BYTES);
    pairs.push(("kind", kind));
    let page = format!("http://localhost/submit?{}", query::encode(pairs));
    let error = ServerFnUrlError::new(SubmitTask::PATH, refused.clone());
    if let Ok(url) = error.to_url(&page) {
        leptos_axum::redirect(&format!(
            "{}?{}",
            url.path(),
            url.query().unwrap_or_default()
        ));
    }
}
