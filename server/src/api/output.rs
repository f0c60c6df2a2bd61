//! `GET /api/tasks/{id}/output`: what a task printed, byte for byte, and what it still prints.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use glassworks_engine::{Engine, Error};
use glassworks_protocol::{Event, EventBody, TaskId};
use http::{HeaderValue, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Query, TaskPath, switch};
use super::unbuffered::unbuffered;
use crate::error::ApiResult;
use crate::node::Node;
use crate::openapi::tags;

/// Events read at a time: with output in most of them, some hundred KiB.
const PAGE: u32 = 500;

/// Whether to wait for more.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OutputQuery {
    /// Whether to go on with what the task prints from now on, until it is over.
    #[serde(deserialize_with = "switch")]
    follow: bool,
}

/// Reads what a task printed.
///
/// As plain text, byte for byte, both streams in the order in which they were printed. Of an attempt
/// that printed more than is kept it is the beginning and the end, and between them a line such as
/// `[... 1234567 bytes of output are missing here ...]`. With `follow=true` the answer is a stream:
/// what is printed arrives as it is stored, and the stream ends with the task, or when the server shuts down.
/// `curl -N` shows it as it comes.
#[utoipa::path(
    get, path = "/api/tasks/{id}/output", tag = tags::LIVE, operation_id = "task_output",
    params(TaskPath, OutputQuery),
    responses((status = 200, description = "What was printed, over all attempts.", body = String,
        content_type = "text/plain; charset=utf-8", example = json!("step 1 of 4\nstep 2 of 4\n"))),
)]
pub(crate) async fn output(
    State(node): State<Node>,
    TaskPath(id): TaskPath,
    Query(query): Query<OutputQuery>,
) -> ApiResult<Response> {
    if query.follow {
        let follow = node.engine.follow(id, 0).await?;
        let stop = node.shutdown.stream_end().cancelled_owned();
        return Ok(unbuffered(text(follow.take_until(stop))));
    }
    let first = node.engine.events(id, 0, PAGE).await?;
    Ok(text(stored(node.engine.clone(), id, first)))
}

/// The log so far, page by page, from its `first` page on.
fn stored(
    engine: Engine,
    id: TaskId,
    first: Vec<Arc<Event>>,
) -> impl Stream<Item = Result<Vec<Arc<Event>>, Error>> {
    let after = first.last().map(|event| event.seq);
    let rest = stream::try_unfold(after, move |after| {
        let engine = engine.clone();
        async move {
            let Some(after) = after else {
                return Ok(None);
            };
            let page = engine.events(id, after, PAGE).await?;
            let next = page.last().map(|event| event.seq);
            Ok(next.map(|next| (page, Some(next))))
        }
    });
    stream::once(async { Ok(first) }).chain(rest)
}

/// A response of the events' texts. An error cuts it off, so that nobody takes it for complete.
fn text(batches: impl Stream<Item = Result<Vec<Arc<Event>>, Error>> + Send + 'static) -> Response {
    let chunks = batches.filter_map(|batch| async {
        match batch {
            Ok(events) => printed(&events).map(Ok),
            Err(error) => {
                tracing::error!(%error, "an output stream failed");
                Some(Err(error))
            }
        }
    });
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(header::CONTENT_TYPE, plain)], Body::from_stream(chunks)).into_response()
}

/// What was printed in these events, and a line where some of it is missing; `None` for nothing.
fn printed(events: &[Arc<Event>]) -> Option<Bytes> {
    let text: String = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Output { text, .. } => Some(Cow::Borrowed(text.as_str())),
            other => other.gap().map(Cow::Owned),
        })
        .collect();
    (!text.is_empty()).then(|| text.into())
}
