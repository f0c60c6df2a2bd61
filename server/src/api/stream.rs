//! `GET /api/stream`: numbers, each sent as soon as it is made.
//!
//! A number is made when the connection has taken the one before, so a slow reader costs no
//! memory, and when the client goes, nothing is made any more.

use std::convert::Infallible;
use std::str::FromStr;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response, sse};
use futures::{Stream, StreamExt as _};
use glassworks_handlers::basics::{Numbers, lines, numbers};
use glassworks_protocol::StreamedNumber;
use http::{HeaderValue, header};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::extract::{Query, bad_query, optional};
use super::sse::{json, response};
use super::unbuffered::unbuffered;
use crate::error::ApiResult;
use crate::openapi::tags;
use crate::shutdown::Shutdown;

/// How many numbers, how far apart, and in which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StreamQuery {
    /// How many numbers.
    #[serde(deserialize_with = "optional")]
    #[param(minimum = 1, maximum = 10_000, default = 10)]
    count: Option<u32>,
    /// How long to wait between two numbers, in milliseconds.
    #[serde(deserialize_with = "optional")]
    #[param(minimum = 0, maximum = 60_000, default = 500)]
    interval_ms: Option<u64>,
    /// How numbers are written: as lines for people, as lines of JSON, or as server-sent events.
    #[serde(deserialize_with = "optional")]
    #[param(inline)]
    format: Option<Format>,
    /// What each line for people begins with: 1 to 40 characters, none of them a control.
    #[serde(deserialize_with = "optional")]
    #[param(
        min_length = 1,
        max_length = 40,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]+$",
        default = "Number"
    )]
    word: Option<String>,
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, Default, ToSchema)]
#[schema(rename_all = "lowercase", default = "text")]
enum Format {
    /// A line for people.
    #[default]
    Text,
    /// A line of JSON.
    Ndjson,
    /// Server-sent events.
    Sse,
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "ndjson" => Ok(Self::Ndjson),
            "sse" => Ok(Self::Sse),
            _ => Err("must be text, ndjson or sse"),
        }
    }
}

/// Sends numbers, each as soon as it is made.
///
/// `curl -N` shows them as they come. A number is made when the connection has taken the one before;
/// when the client goes, none is made any more. A stream of server-sent events ends with `end`.
#[utoipa::path(
    get, path = "/api/stream", tag = tags::TRY,
    params(StreamQuery),
    responses((status = 200, description = "The stream.", content(
        (String = "text/plain", example = json!("Number 1: 1\nNumber 2: 2\n")),
        (String = "application/x-ndjson"),
        (String = "text/event-stream"),
    ))),
)]
pub(crate) async fn stream(
    State(shutdown): State<Shutdown>,
    Query(query): Query<StreamQuery>,
) -> ApiResult<Response> {
    let wanted = Numbers {
        count: query.count,
        interval_ms: query.interval_ms,
    };
    let numbers = || numbers(wanted).map_err(bad_query);
    Ok(match query.format.unwrap_or_default() {
        Format::Text => {
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            let lines = lines(wanted, query.word).map_err(bad_query)?;
            body(lines, plain, &shutdown)
        }
        Format::Ndjson => {
            let ndjson = HeaderValue::from_static("application/x-ndjson");
            body(numbers()?.map(|one| line(&one)), ndjson, &shutdown)
        }
        Format::Sse => response(numbers()?.map(|one| Ok(event(&one))), &shutdown),
    })
}

/// A response of which each line is a chunk.
fn body(
    lines: impl Stream<Item = String> + Send + 'static,
    content_type: HeaderValue,
    shutdown: &Shutdown,
) -> Response {
    let lines = lines
        .take_until(shutdown.stream_end().cancelled_owned())
        .map(Ok::<_, Infallible>);
    let body = Body::from_stream(lines);
    unbuffered(([(header::CONTENT_TYPE, content_type)], body).into_response())
}

fn line(number: &StreamedNumber) -> String {
    // Cannot fail: a number has string keys only.
    let mut line = serde_json::to_string(number).unwrap_or_default();
    line.push('\n');
    line
}

fn event(number: &StreamedNumber) -> sse::Event {
    let frame = sse::Event::default().id(number.place.to_string());
    json(frame.event("number"), number)
}
