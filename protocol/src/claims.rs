//! What workers and the server say to each other: claims, beats, and ends of attempts.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{JsonText, OutputStream, TaskId, Timestamp};

/// What a worker asks for when it has room.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// The worker's name, unique among those that run at the same time: 1 to 64 letters, digits,
    /// `-`, `_`, `.` or `:`.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "resizer-1", min_length = 1, max_length = 64)
    )]
    pub worker: String,
    /// What it serves, 1 to 100 kinds.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 100))]
    pub kinds: Vec<KindOffer>,
    /// Of which queues it takes tasks, at most 100; of all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 100))]
    pub queues: Option<Vec<String>>,
    /// How many tasks it takes at most.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1000))]
    pub limit: u32,
    /// How long to wait for the first task, in milliseconds.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(maximum = 60000))]
    pub wait_ms: u64,
    /// Makes it safe to ask again: the same request gives the same tasks, for as long as the worker
    /// holds them. 16 to 128 visible characters of ASCII, and a secret: leases are made from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 16, max_length = 128))]
    pub request_id: Option<String>,
    /// Attempts that have ended since the last call, at most 1,000; taken before anything is
    /// claimed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finished: Vec<FinishedAttempt>,
}

/// A kind that a worker serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KindOffer {
    /// Its name: 1 to 64 letters, digits, `-`, `_`, `.` or `:`.
    #[cfg_attr(
        feature = "openapi",
        schema(example = "resize", min_length = 1, max_length = 64)
    )]
    pub kind: String,
    /// The JSON Schema (2020-12) of its payload, self-contained, at most 64 KiB. Submits are checked
    /// against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub schema: Option<Value>,
    /// What it does, for people; at most 1,000 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What a worker is given.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClaimAnswer {
    /// In the order in which they were due; empty when there was none in time.
    pub tasks: Vec<ClaimedTask>,
    /// Whether the worker is to end: it is given no more.
    pub drain: bool,
    /// What became of `finished`, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finished: Vec<AttemptStanding>,
}

/// A task that a worker holds.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClaimedTask {
    /// The task's id.
    pub task: TaskId,
    /// Its kind.
    pub kind: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Lets its holder write for this attempt. Opaque, and secret.
    pub lease: String,
    /// How long the lease lasts from now, in milliseconds. Each beat renews it.
    pub lease_ms: u64,
    /// What the task was submitted with.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub payload: JsonText,
    /// How long the attempt may take, in milliseconds.
    pub timeout_ms: u64,
    /// The trace that the task belongs to (W3C Trace Context).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// Without the secret.
impl fmt::Debug for ClaimedTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimedTask")
            .field("task", &self.task)
            .field("kind", &self.kind)
            .field("attempt", &self.attempt)
            .field("lease_ms", &self.lease_ms)
            .finish_non_exhaustive()
    }
}

/// What a worker says of the attempts that it makes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Beat {
    /// The worker's name.
    pub worker: String,
    /// Each attempt that it makes, at most 1,000. What is not named is not renewed.
    #[cfg_attr(feature = "openapi", schema(max_items = 1000))]
    pub items: Vec<BeatItem>,
}

/// What a worker says of one attempt that it makes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BeatItem {
    /// The task's id.
    pub task: TaskId,
    /// The lease of the attempt.
    pub lease: String,
    /// How far it is now, if that has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<BeatProgress>,
    /// What it has printed: a piece, or a list of them.
    #[serde(default, skip_serializing_if = "Pieces::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<OutputPieces>))]
    pub output: Pieces,
    /// Pieces of its work that it has measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<BeatSpan>,
}

/// How far an attempt is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BeatProgress {
    /// From 0.0 to 1.0.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 1))]
    pub fraction: f64,
    /// What it is doing now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A piece of what an attempt has printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// How many bytes of output the attempt has handed in before this piece. So a piece that is sent
    /// again is not kept twice.
    pub offset: u64,
    /// What it has printed, line ends included.
    pub text: String,
    /// Where it has printed it.
    #[serde(default)]
    pub stream: OutputStream,
}

/// One piece of output, or several in order: written as a piece, or as a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Pieces(pub Vec<Piece>);

impl Pieces {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Pieces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrSeveral)
    }
}

/// Takes both forms, and says of each what is wrong with it.
struct OneOrSeveral;

impl<'de> Visitor<'de> for OneOrSeveral {
    type Value = Pieces;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a piece of output or a list of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Pieces, A::Error> {
        let piece = Piece::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Pieces(vec![piece]))
    }

    fn visit_unit<E: Error>(self) -> Result<Pieces, E> {
        Ok(Pieces::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Pieces, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Pieces)
    }
}

/// A piece of output, or several.
#[cfg(feature = "openapi")]
#[derive(utoipa::ToSchema, Serialize)]
#[serde(untagged)]
pub enum OutputPieces {
    /// One.
    One(Piece),
    /// Several, each after the one before it.
    Several(Vec<Piece>),
}

/// A piece of work that an attempt has measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BeatSpan {
    /// What was done.
    pub name: String,
    /// The row of the time line it belongs to.
    #[serde(default)]
    pub track: String,
    /// Start, in milliseconds since the attempt began.
    pub start_ms: f64,
    /// End, in milliseconds since the attempt began.
    pub end_ms: f64,
    /// Anything else worth showing.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
}

/// What became of a beat.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BeatAnswer {
    /// How each attempt stands, in the order of the items.
    pub items: Vec<AttemptStanding>,
    /// Whether the worker is to end: it finishes what it has, and is given no more.
    pub drain: bool,
    /// How long each lease that was renewed lasts from now, in milliseconds.
    pub lease_ms: u64,
}

/// How an attempt stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptStanding {
    /// The task's id.
    pub task: TaskId,
    /// What its worker is to know.
    pub status: AttemptStatus,
    /// Bytes of its output that have come so far: the next piece's `offset`.
    pub output_bytes: u64,
}

/// What a worker is to know of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttemptStatus {
    /// What it handed in is kept; its lease is renewed, or its end is stored.
    Ok,
    /// What it handed in is kept, and it is to stop: somebody cancelled the task, or its time limit
    /// has passed.
    Cancel,
    /// The task is not this attempt's any more: nothing of it is kept, and it is to stop at once.
    Lost,
}

/// Attempts that have completed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Completions {
    /// At most 1,000.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub items: Vec<Completion>,
}

/// An attempt that has completed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// The task's id.
    pub task: TaskId,
    /// The lease of the attempt.
    pub lease: String,
    /// What it has printed last.
    #[serde(default, skip_serializing_if = "Pieces::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<OutputPieces>))]
    pub output: Pieces,
    /// Its result; null when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub result: Option<JsonText>,
}

/// Attempts that have failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttemptFailures {
    /// At most 1,000.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub items: Vec<AttemptFailure>,
}

/// An attempt that has failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttemptFailure {
    /// The task's id.
    pub task: TaskId,
    /// The lease of the attempt.
    pub lease: String,
    /// What it has printed last.
    #[serde(default, skip_serializing_if = "Pieces::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<OutputPieces>))]
    pub output: Pieces,
    /// Why it failed.
    pub error: String,
    /// How long to wait before another attempt, in milliseconds, at most a day; when absent, the
    /// task's own backoff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(maximum = 86_400_000))]
    pub retry_after_ms: Option<u64>,
    /// Whether another attempt would be of no use.
    #[serde(default)]
    pub permanent: bool,
}

/// Attempts that were not made to their end. They do not count.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Releases {
    /// At most 1,000.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub items: Vec<Release>,
}

/// An attempt that was not made to its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The task's id.
    pub task: TaskId,
    /// The lease of the attempt.
    pub lease: String,
    /// What it has printed last.
    #[serde(default, skip_serializing_if = "Pieces::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<OutputPieces>))]
    pub output: Pieces,
}

/// An attempt that has ended, in whichever way.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FinishedAttempt {
    /// The task's id.
    pub task: TaskId,
    /// The lease of the attempt.
    pub lease: String,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// What it has printed last.
    #[serde(default, skip_serializing_if = "Pieces::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<OutputPieces>))]
    pub output: Pieces,
    /// Its result, when it has completed; null when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Value>))]
    pub result: Option<JsonText>,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long to wait after a failure before another attempt, in milliseconds, at most a day; when
    /// absent, the task's own backoff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(maximum = 86_400_000))]
    pub retry_after_ms: Option<u64>,
    /// Whether another attempt after a failure would be of no use.
    #[serde(default)]
    pub permanent: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// As for `/api/claims/complete`.
    Complete,
    /// As for `/api/claims/fail`.
    Fail,
    /// As for `/api/claims/release`.
    Release,
}

impl From<Completion> for FinishedAttempt {
    fn from(it: Completion) -> Self {
        Self {
            task: it.task,
            lease: it.lease,
            outcome: AttemptOutcome::Complete,
            output: it.output,
            result: it.result,
            error: None,
            retry_after_ms: None,
            permanent: false,
        }
    }
}

impl From<AttemptFailure> for FinishedAttempt {
    fn from(it: AttemptFailure) -> Self {
        Self {
            task: it.task,
            lease: it.lease,
            outcome: AttemptOutcome::Fail,
            output: it.output,
            result: None,
            error: Some(it.error),
            retry_after_ms: it.retry_after_ms,
            permanent: it.permanent,
        }
    }
}

impl From<Release> for FinishedAttempt {
    fn from(it: Release) -> Self {
        Self {
            task: it.task,
            lease: it.lease,
            outcome: AttemptOutcome::Release,
            output: it.output,
            result: None,
            error: None,
            retry_after_ms: None,
            permanent: false,
        }
    }
}

/// What became of attempts that have ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndAnswer {
    /// In the order of the items: `ok`, also when the same was said before, or `lost`.
    pub items: Vec<AttemptStanding>,
}

/// A worker that asks over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkerInfo {
    /// A new one whenever a worker of its name comes for the first time.
    pub id: Uuid,
    /// The name that it gives; a task says by it who runs it.
    pub name: String,
    /// The kinds that it serves, by name.
    pub kinds: Vec<String>,
    /// The queues that it takes tasks of; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queues: Option<Vec<String>>,
    /// The address that it asked from last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// When it came first, to this process of the server.
    pub since: Timestamp,
    /// When it was last heard of.
    pub last_seen_at: Timestamp,
    /// Whether it is to end.
    pub drain: bool,
    /// What it runs, at most 100 of them.
    pub tasks: Vec<TaskId>,
    /// How many tasks it runs.
    pub running: u32,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Completion, Pieces};

    #[test]
    fn output_is_a_piece_or_a_list_of_them_or_nothing() {
        let id = "019ab0f5-2f5c-7cc1-9d2a-4b7d3c1e8f60";
        let piece = json!({"offset": 0, "text": "a"});
        for (output, count) in [
            (json!(null), 0),
            (piece.clone(), 1),
            (json!([piece, piece]), 2),
        ] {
            let item = json!({"task": id, "lease": "x", "output": output});
            let item: Completion = serde_json::from_value(item).unwrap();
            assert_eq!(item.output.0.len(), count);
        }
        let written = serde_json::to_value(Pieces::default()).unwrap();
        assert_eq!(written, json!([]));
        let wrong = serde_json::from_value::<Pieces>(json!({"offset": 0}));
        assert!(
            wrong
                .unwrap_err()
                .to_string()
                .contains("missing field `text`")
        );
    }
}
