//! `http`: calls a service of the user's own, streams its answer into the output, and tries again
//! when the service asks for that or cannot be reached.

mod payload;
mod retry_after;

use std::time::SystemTime;

use glassworks_engine::{Handler, Run, TaskError};
use glassworks_protocol::{FieldError, JsonText};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use payload::{Method, Payload};

use crate::body::{Beginning, Shown};
use crate::outbound::{Error, Limits, Outbound, Request, Response, Timings, millis};
use crate::text::Decoder;

/// What the result keeps of the body, in bytes. A result is at most 1 MiB of JSON.
const KEPT_BYTES: usize = 256 * 1024;
/// What the result keeps of a body that is not JSON, in characters.
const KEPT_CHARS: usize = 64 * 1024;
/// What a failure tells of the body, in characters.
const TOLD_CHARS: usize = 300;

/// Headers that the result keeps.
const KEPT_HEADERS: &[&str] = &[
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "link",
    "location",
    "retry-after",
    "server",
    "x-request-id",
];

/// The kind `http`.
#[derive(Clone, Debug)]
pub struct Http {
    outbound: Outbound,
}

impl Http {
    /// Reaches out through `outbound`.
    pub fn new(outbound: Outbound) -> Self {
        Self { outbound }
    }
}

impl Handler for Http {
    const KIND: &'static str = "http";
    const DESCRIPTION: &'static str = "Calls your own service and streams its answer into the output; tries again by status and Retry-After.";
    type Payload = Payload;

    fn example() -> Value {
        json!({
            "method": "GET",
            "url": "https://example.com/",
            "headers": {"accept": "text/html"},
            "expect": [200],
        })
    }

    fn check(&self, payload: &Payload) -> Result<(), Vec<FieldError>> {
        payload.check(&self.outbound)
    }

    async fn run(&self, payload: Payload, run: &Run) -> Result<JsonText, TaskError> {
        let request = payload
            .request(&run.task_id().to_string(), run.traceparent())
            .map_err(TaskError::permanent)?;
        tokio::select! {
            biased;
            // Dropping the call closes its connection.
            () = run.cancelled() => Err(TaskError::cancelled()),
            result = self.call(request, &payload, run) => result,
        }
    }
}

impl Http {
    async fn call(
        &self,
        request: Request,
        payload: &Payload,
        run: &Run,
    ) -> Result<JsonText, TaskError> {
        let started = run.elapsed();
        let name = format!("{} {}", request.method, request.url);
        let mut limits = Limits {
            // The task's own time limit is the limit.
            total: None,
            ..Limits::default()
        };
        if payload.expects_redirect() {
            limits.redirects = 0;
        }
        let mut timings = Timings::default();
        let mut answer = self.outbound.send(request, &limits, &mut timings).await;
        let body = match &mut answer {
            Ok(answer) => stream(answer, run).await,
            Err(error) => Err(error.clone()),
        };
        let ended = run.elapsed();
        let mut attributes = Map::new();
        if let Ok(Value::Object(steps)) = serde_json::to_value(timings) {
            attributes.extend(steps);
        }
        if let Ok(answer) = &answer {
            attributes.insert("status".to_owned(), answer.status().as_u16().into());
            attributes.insert("bytes".to_owned(), answer.bytes().into());
        }
        if let Err(error) = &body {
            attributes.insert("error".to_owned(), error.to_string().into());
        }
        run.span(name, "http", (started, ended), attributes).await;

        let answer = answer.map_err(|error| failure(&error))?;
        let body = body.map_err(|error| failure(&error))?;
        if !payload.expects(answer.status()) {
            return Err(unexpected(&answer, body));
        }
        let (body, is_cut) = match body.show(answer.headers(), KEPT_CHARS) {
            Shown::Json(json) => (json, false),
            Shown::Text { text, is_cut } => (Value::String(text).into(), is_cut),
        };
        JsonText::of(&Answer {
            status: answer.status().as_u16(),
            url: answer.url(),
            redirects: answer.redirects(),
            headers: kept_headers(answer.headers()),
            bytes: answer.bytes(),
            took_ms: millis(ended.saturating_sub(started)),
            timings,
            body,
            body_truncated: is_cut,
        })
        .map_err(TaskError::permanent)
    }
}

/// What the call led to: the task's result.
#[derive(Serialize)]
struct Answer<'a> {
    status: u16,
    url: &'a str,
    redirects: u32,
    headers: Map<String, Value>,
    bytes: u64,
    took_ms: f64,
    timings: Timings,
    body: JsonText,
    body_truncated: bool,
}

/// Prints the body as it arrives, and keeps its beginning.
async fn stream(answer: &mut Response, run: &Run) -> Result<Beginning, Error> {
    let length = answer
        .headers()
        .get(http::header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let mut decoder = Decoder::replacing();
    let mut beginning = Beginning::new(KEPT_BYTES);
    while let Some(piece) = answer.chunk().await? {
        beginning.add(&piece);
        run.print(decoder.next(&piece)).await;
        if let Some(length) = length.filter(|length| *length > 0) {
            #[allow(clippy::cast_precision_loss, reason = "a fraction is for the eye")]
            let fraction = answer.bytes() as f64 / length as f64;
            let message = format!("{} of {length} bytes", answer.bytes());
            run.progress(fraction, message).await;
        }
    }
    run.print(decoder.end()).await;
    Ok(beginning)
}

/// What follows when no whole answer came.
fn failure(error: &Error) -> TaskError {
    if error.is_transient() {
        TaskError::new(error)
    } else {
        TaskError::permanent(error)
    }
}

/// What follows an answer that is not a success: another attempt when the status says that the
/// same request may succeed later, when the service says it may.
fn unexpected(answer: &Response, body: Beginning) -> TaskError {
    let status = answer.status();
    let told = match body.show(answer.headers(), TOLD_CHARS) {
        Shown::Json(json) => json.get().chars().take(TOLD_CHARS).collect(),
        Shown::Text { text, .. } => text,
    };
    let told = told.trim();
    let message = if told.is_empty() {
        format!("answered {status}")
    } else {
        format!("answered {status}: {told}")
    };
    if !is_transient(status) {
        return TaskError::permanent(message);
    }
    match retry_after::wait(answer.headers(), SystemTime::now()) {
        Some(wait) => TaskError::retry_after(message, wait),
        None => TaskError::new(message),
    }
}

/// Whether the same request may succeed later (RFC 9110, section 15; RFC 8470; RFC 6585).
fn is_transient(status: StatusCode) -> bool {
    status.is_server_error()
        || [
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_EARLY,
            StatusCode::TOO_MANY_REQUESTS,
        ]
        .contains(&status)
}

fn kept_headers(headers: &HeaderMap) -> Map<String, Value> {
    KEPT_HEADERS
        .iter()
        .filter_map(|name| {
            let value = String::from_utf8_lossy(headers.get(*name)?.as_bytes());
            Some(((*name).to_owned(), value.into()))
        })
        .collect()
}
