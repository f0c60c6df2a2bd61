//! `fetch`: asks several upstreams at the same time. One that fails or is late is reported beside
//! the others.
//!
//! The work needs no task: [`each`] and [`all`] are what a route calls that answers at once.

mod payload;
mod report;

use std::time::Duration;

use futures::stream::{self, Stream, StreamExt as _};
use glassworks_engine::{Handler, Run, TaskError};
use glassworks_protocol::{FieldError, JsonText};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

pub use payload::{Payload, Source};
pub use report::{Fetched, Report};

use crate::body::Beginning;
use crate::outbound::{Error, Limits, Outbound, Request, Timings};

/// What all sources together may add to a result, in bytes of JSON. A result is at most 1 MiB.
const DATA_BYTES: usize = 512 * 1024;
/// What one source may.
const MOST_DATA_BYTES: usize = 64 * 1024;
/// What is shown of a body that is not JSON, in characters.
const PREVIEW_CHARS: usize = 500;

/// The kind `fetch`.
#[derive(Clone, Debug)]
pub struct Fetch {
    outbound: Outbound,
}

impl Fetch {
    /// Reaches out through `outbound`.
    pub fn new(outbound: Outbound) -> Self {
        Self { outbound }
    }
}

impl Handler for Fetch {
    const KIND: &'static str = "fetch";
    const DESCRIPTION: &'static str = "Fetches several URLs at the same time; one that fails or is late is reported beside the others.";
    type Payload = Payload;

    fn example() -> Value {
        json!({
            "sources": [
                {"name": "example", "url": "https://example.com/"},
                {"name": "rust", "url": "https://www.rust-lang.org/"},
            ],
            "timeout_ms": 10_000,
            "concurrency": 10,
        })
    }

    fn check(&self, payload: &Payload) -> Result<(), Vec<FieldError>> {
        payload.check(&self.outbound)
    }

    async fn run(&self, payload: Payload, run: &Run) -> Result<JsonText, TaskError> {
        let began = Instant::now();
        let offset = run.elapsed();
        let count = payload.sources.len();
        let mut report = Report::with_room_for(count);
        let mut fetching = std::pin::pin!(each(&self.outbound, &payload, run.traceparent()));
        loop {
            let next = tokio::select! {
                biased;
                () = run.cancelled() => return Err(TaskError::cancelled()),
                next = fetching.next() => next,
            };
            let Some((place, fetched)) = next else { break };
            let name = fetched.source.clone();
            run.print(format!("{fetched}\n")).await;
            let span = (
                offset + fetched.started,
                offset + fetched.started + fetched.took,
            );
            run.span(
                format!("GET {}", fetched.url),
                &name,
                span,
                attributes(&fetched),
            )
            .await;
            report.put(place, fetched);
            #[allow(clippy::cast_precision_loss, reason = "there are at most 100")]
            let fraction = report.len() as f64 / count as f64;
            run.progress(fraction, format!("{} of {count}: {name}", report.len()))
                .await;
        }
        report.total_time = began.elapsed();
        JsonText::of(&report).map_err(TaskError::permanent)
    }
}

/// What the time line says of a source.
fn attributes(fetched: &Fetched) -> Map<String, Value> {
    let mut attributes = Map::new();
    let timings = serde_json::to_value(fetched.timings);
    if let Ok(Value::Object(timings)) = timings {
        attributes.extend(timings);
    }
    attributes.insert("bytes".to_owned(), fetched.bytes.into());
    if let Some(status) = fetched.status {
        attributes.insert("status".to_owned(), status.into());
    }
    if let Some(error) = &fetched.error {
        attributes.insert("error".to_owned(), error.as_str().into());
    }
    attributes
}

/// Fetches all sources, at most `concurrency` at a time, and yields each with its place in the
/// payload as soon as it is known what became of it. Dropping the stream stops what is under way.
///
/// `traceparent` is passed on (W3C Trace Context). The payload should have passed
/// [`Payload::check`].
pub fn each<'a>(
    outbound: &'a Outbound,
    payload: &'a Payload,
    traceparent: Option<&'a str>,
) -> impl Stream<Item = (usize, Fetched)> + Send + 'a {
    let began = Instant::now();
    let data_limit = (DATA_BYTES / payload.sources.len().max(1)).min(MOST_DATA_BYTES);
    let limits = Limits {
        total: Some(Duration::from_millis(payload.timeout_ms)),
        ..Limits::default()
    };
    let headers: HeaderMap = traceparent
        .and_then(|trace| HeaderValue::from_str(trace).ok())
        .map(|trace| (http::HeaderName::from_static("traceparent"), trace))
        .into_iter()
        .collect();
    let concurrency = usize::try_from(payload.concurrency).unwrap_or(usize::MAX);
    stream::iter(payload.sources.iter().enumerate())
        .map(move |(place, source)| {
            let mut request = Request::new(Method::GET, &source.url);
            request.headers.clone_from(&headers);
            async move {
                let started = began.elapsed();
                let mut fetched = Fetched::new(source, started);
                let outcome = one(outbound, request, &limits, data_limit, &mut fetched).await;
                fetched.took = began.elapsed().saturating_sub(started);
                fetched.end(outcome);
                (place, fetched)
            }
        })
        .buffer_unordered(concurrency.max(1))
}

/// Fetches all sources, as [`each`] does, and reports them in the payload's order.
pub async fn all(outbound: &Outbound, payload: &Payload, traceparent: Option<&str>) -> Report {
    let began = Instant::now();
    let mut report = Report::with_room_for(payload.sources.len());
    let mut fetching = std::pin::pin!(each(outbound, payload, traceparent));
    while let Some((place, fetched)) = fetching.next().await {
        report.put(place, fetched);
    }
    report.total_time = began.elapsed();
    report
}

async fn one(
    outbound: &Outbound,
    request: Request,
    limits: &Limits,
    data_limit: usize,
    fetched: &mut Fetched,
) -> Result<(), Error> {
    let mut timings = Timings::default();
    let answer = outbound.send(request, limits, &mut timings).await;
    fetched.timings = timings;
    let mut answer = answer?;
    fetched.status = Some(answer.status().as_u16());
    fetched.redirects = answer.redirects();
    let mut beginning = Beginning::new(data_limit);
    let outcome = loop {
        match answer.chunk().await {
            Ok(Some(piece)) => beginning.add(&piece),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    fetched.bytes = answer.bytes();
    fetched.show(beginning.show(answer.headers(), PREVIEW_CHARS));
    outcome
}
