//! What became of the sources.

use std::fmt;
use std::time::Duration;

use glassworks_protocol::JsonText;
use http::StatusCode;
use serde::Serialize;
use serde::ser::Serializer;
use utoipa::ToSchema;

use super::Source;
use crate::body::Shown;
use crate::outbound::{Error, Timings, millis};

/// What became of all sources, in the order in which they were asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Report {
    /// One a source.
    #[serde(serialize_with = "known")]
    #[schema(value_type = Vec<Fetched>)]
    results: Vec<Option<Fetched>>,
    /// How long all of it took.
    #[serde(rename = "total_time_ms", serialize_with = "as_millis")]
    #[schema(value_type = f64)]
    pub(super) total_time: Duration,
}

/// What became of one source.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Fetched {
    /// Its name.
    pub source: String,
    /// Its URL.
    pub url: String,
    /// Whether a whole answer came, with a status from 200 to 299.
    pub ok: bool,
    /// The status, when an answer came.
    pub status: Option<u16>,
    /// Bytes of the body that came.
    pub bytes: u64,
    /// How many redirects were followed.
    pub redirects: u32,
    /// When it was begun, counted from the beginning of all.
    #[serde(rename = "started_ms", serialize_with = "as_millis")]
    #[schema(value_type = f64)]
    pub started: Duration,
    /// How long it took, to the end of the body or to its failure.
    #[serde(rename = "took_ms", serialize_with = "as_millis")]
    #[schema(value_type = f64)]
    pub took: Duration,
    /// What that time was spent on.
    pub timings: Timings,
    /// Why it is not ok.
    pub error: Option<String>,
    /// The body, when it is JSON and short enough.
    #[schema(value_type = Option<serde_json::Value>)]
    pub data: Option<JsonText>,
    /// The beginning of a body that is not.
    pub preview: Option<String>,
}

impl Report {
    pub(super) fn with_room_for(sources: usize) -> Self {
        Self {
            results: vec![None; sources],
            total_time: Duration::ZERO,
        }
    }

    pub(super) fn put(&mut self, place: usize, fetched: Fetched) {
        if let Some(room) = self.results.get_mut(place) {
            *room = Some(fetched);
        }
    }

    /// How many sources it is known of what became of them.
    pub(super) fn len(&self) -> usize {
        self.results().count()
    }

    /// What became of each source, in the order in which they were asked for.
    pub fn results(&self) -> impl Iterator<Item = &Fetched> {
        self.results.iter().flatten()
    }

    /// How long all of it took.
    pub fn total_time(&self) -> Duration {
        self.total_time
    }
}

impl Fetched {
    pub(super) fn new(source: &Source, started: Duration) -> Self {
        Self {
            source: source.name.clone(),
            url: source.url.clone(),
            ok: false,
            status: None,
            bytes: 0,
            redirects: 0,
            started,
            took: Duration::ZERO,
            timings: Timings::default(),
            error: None,
            data: None,
            preview: None,
        }
    }

    pub(super) fn show(&mut self, body: Shown) {
        match body {
            Shown::Json(value) => self.data = Some(value),
            Shown::Text { text, .. } => self.preview = Some(text).filter(|text| !text.is_empty()),
        }
    }

    pub(super) fn end(&mut self, outcome: Result<(), Error>) {
        let status = self.status.and_then(|code| StatusCode::from_u16(code).ok());
        self.error = match (outcome, status) {
            (Err(error), _) => Some(error.to_string()),
            (Ok(()), Some(status)) if !status.is_success() => Some(format!("answered {status}")),
            (Ok(()), _) => None,
        };
        self.ok = self.error.is_none();
    }
}

/// One line for people.
impl fmt::Display for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = self.took.as_millis();
        write!(f, "{}: ", self.source)?;
        match (&self.error, self.status) {
            (Some(error), _) => write!(f, "{error} ({took} ms)"),
            (None, Some(status)) => write!(f, "{status}, {} bytes in {took} ms", self.bytes),
            (None, None) => write!(f, "{took} ms"),
        }
    }
}

fn as_millis<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(millis(*duration))
}

fn known<S: Serializer>(results: &[Option<Fetched>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(results.iter().flatten())
}
