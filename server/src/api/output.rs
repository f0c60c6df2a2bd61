//! `GET /api/tasks/{id}/output`: what a task printed, byte for byte, and what it still prints.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use glassworks_engine::{Engine, Error};
use glassworks_protocol::{EventBody, TaskId};
use http::{HeaderValue, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Query, TaskPath, switch};
use super::pages::{Page, pages};
use super::unbuffered::unbuffered;
use crate::access::Acting;
use crate::budget::{Permit, Share};
use crate::error::ApiResult;
use crate::held::{Held, room};
use crate::node::Node;
use crate::openapi::tags;

/// Events read at a time: with output in most of them, some hundred KiB.
const PAGE: u32 = 500;

/// What a page takes at most: as it is read, 1 MiB, and joined.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

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
    Acting(engine): Acting,
    TaskPath(id): TaskPath,
    Query(query): Query<OutputQuery>,
) -> ApiResult<Response> {
    if query.follow {
        let share = node.budget.live.clone();
        let follow = pages(engine, share, id, 0).await?;
        let stop = node.shutdown.stream_end().cancelled_owned();
        return Ok(unbuffered(text(follow.take_until(stop))));
    }
    let share = node.budget.live.clone();
    let permit = room(&share, PAGE_BYTES).await?;
    let first = page(&engine, id, 0, permit).await?;
    Ok(text(stored(engine, share, id, first)))
}

/// A page of the log, which is empty at its end.
async fn page(engine: &Engine, id: TaskId, after: u64, permit: Permit) -> Result<Page, Error> {
    let events = engine.events(id, after, PAGE).await?;
    let permit = Some(permit);
    Ok(Page { events, permit })
}

/// The log so far, page by page, from its `first` page on.
fn stored(
    engine: Engine,
    share: Share,
    id: TaskId,
    first: Page,
) -> impl Stream<Item = Result<Page, Error>> {
    let after = first.events.last().map(|event| event.seq);
    let rest = stream::try_unfold(after, move |after| {
        let engine = engine.clone();
        let share = share.clone();
        async move {
            let Some(after) = after else {
                return Ok(None);
            };
            let permit = share.reserve(PAGE_BYTES).await;
            let page = page(&engine, id, after, permit).await?;
            let next = page.events.last().map(|event| event.seq);
            Ok(next.map(|next| (page, Some(next))))
        }
    });
    stream::once(async { Ok(first) }).chain(rest)
}

/// A response of the pages' texts. An error cuts it off, so that nobody takes it for complete.
fn text(pages: impl Stream<Item = Result<Page, Error>> + Send + 'static) -> Response {
    let chunks = pages.filter_map(|page| async {
        match page {
            Ok(page) => printed(page).map(Ok),
            Err(error) => {
                tracing::error!(%error, "an output stream failed");
                Some(Err(error))
            }
        }
    });
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(header::CONTENT_TYPE, plain)], Body::from_stream(chunks)).into_response()
}

/// What was printed in these events, and a line where some of it is missing; `None` for nothing. It
/// stays counted until it is sent.
fn printed(page: Page) -> Option<Bytes> {
    let text: String = page
        .events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Output { text, .. } => Some(Cow::Borrowed(text.as_str())),
            other => other.gap().map(Cow::Owned),
        })
        .collect();
    if text.is_empty() {
        return None;
    }
    Some(match page.permit {
        Some(mut permit) => {
            permit.shrink(text.len());
            Held::from(permit).tie(text)
        }
        None => text.into(),
    })
}
