//! The server functions: the browser's own thin way to the engine, under `/fn`.

use std::collections::BTreeMap;

use glassworks_protocol::{
    KindInfo, PageRequest, Stats, Task, TaskFilter, TaskId, TaskPage, TaskSummary,
};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::refused::Refused;
use crate::task_view::TaskStory;

#[cfg(feature = "ssr")]
use {
    crate::form::{Form, Typed, new_task},
    crate::query,
    crate::refused::{is_plain_form, refuse, refuse_error},
    glassworks_engine::Engine,
    glassworks_protocol::Problem,
    leptos::server_fn::ServerFn,
    leptos::server_fn::error::ServerFnUrlError,
};

/// The server's figures.
#[server(prefix = "/fn", endpoint = "stats", input = GetUrl)]
pub(crate) async fn load_stats() -> Result<Stats, Refused> {
    engine()?
        .stats()
        .await
        .map_err(|error| refuse_error(&error))
}

/// One page of tasks.
#[server(prefix = "/fn", endpoint = "tasks", input = GetUrl)]
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
#[server(prefix = "/fn", endpoint = "task", input = GetUrl)]
pub(crate) async fn load_task(id: TaskId) -> Result<TaskStory, Refused> {
    let engine = engine()?;
    read_story(&engine, id)
        .await
        .map_err(|error| refuse_error(&error))
}

/// The kinds that this server runs.
#[server(prefix = "/fn", endpoint = "kinds", input = GetUrl)]
#[allow(clippy::unused_async, reason = "server functions are asynchronous")]
pub(crate) async fn load_kinds() -> Result<Vec<KindInfo>, Refused> {
    Ok(engine()?.kinds().to_vec())
}

/// Submits what was typed into the form of `kind`, and leads to the new task's page.
#[server(prefix = "/fn", endpoint = "submit_task")]
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

/// Cancels a waiting task, or asks a running one to stop.
#[server(prefix = "/fn", endpoint = "cancel_task")]
pub(crate) async fn cancel_task(id: TaskId) -> Result<Task, Refused> {
    engine()?
        .cancel(id)
        .await
        .map_err(|error| refuse_error(&error))
}

/// Makes a task due now, with its attempts afresh.
#[server(prefix = "/fn", endpoint = "retry_task")]
pub(crate) async fn retry_task(id: TaskId) -> Result<Task, Refused> {
    engine()?
        .retry(id)
        .await
        .map_err(|error| refuse_error(&error))
}

/// Deletes a finished task, and leads to the list.
#[server(prefix = "/fn", endpoint = "delete_task")]
pub(crate) async fn delete_task(id: TaskId) -> Result<(), Refused> {
    engine()?
        .delete(id)
        .await
        .map_err(|error| refuse_error(&error))?;
    leptos_axum::redirect("/tasks");
    Ok(())
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
