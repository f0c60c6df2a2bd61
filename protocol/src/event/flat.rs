//! An event as it lies in JSON: every field that an event can have, side by side.
//!
//! serde's own way to read an event (a flattened, internally tagged enum) first builds a tree of
//! untyped values and then reads everything from that a second time. Its code would be a large
//! part of what the browser loads; reading one plain struct is neither.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Event, EventBody, OutputStream, StateReason};
use crate::{State, TaskId, Timestamp};

#[derive(Deserialize)]
pub(super) struct Flat {
    task_id: TaskId,
    seq: u64,
    attempt: u32,
    at: Timestamp,
    r#type: String,
    state: Option<State>,
    reason: Option<StateReason>,
    error: Option<String>,
    run_at: Option<Timestamp>,
    fraction: Option<f64>,
    message: Option<String>,
    stream: Option<OutputStream>,
    text: Option<String>,
    name: Option<String>,
    track: Option<String>,
    start_ms: Option<f64>,
    end_ms: Option<f64>,
    attributes: Option<Map<String, Value>>,
    what: Option<String>,
    limit: Option<u64>,
    first_seq: Option<u64>,
    missing_events: Option<u64>,
    missing_bytes: Option<u64>,
}

impl TryFrom<Flat> for Event {
    type Error = String;

    fn try_from(flat: Flat) -> Result<Self, Self::Error> {
        let missing = |field: &str| format!("missing field `{field}` of type `{}`", flat.r#type);
        let body = match flat.r#type.as_str() {
            "state" => EventBody::State {
                state: flat.state.ok_or_else(|| missing("state"))?,
                reason: flat.reason,
                error: flat.error,
                run_at: flat.run_at,
            },
            "progress" => EventBody::Progress {
                fraction: flat.fraction.ok_or_else(|| missing("fraction"))?,
                message: flat.message,
            },
            "output" => EventBody::Output {
                stream: flat.stream.unwrap_or_default(),
                text: flat.text.ok_or_else(|| missing("text"))?,
            },
            "span" => EventBody::Span {
                name: flat.name.ok_or_else(|| missing("name"))?,
                track: flat.track.ok_or_else(|| missing("track"))?,
                start_ms: flat.start_ms.ok_or_else(|| missing("start_ms"))?,
                end_ms: flat.end_ms.ok_or_else(|| missing("end_ms"))?,
                attributes: flat.attributes.unwrap_or_default(),
            },
            "truncated" => EventBody::Truncated {
                what: flat.what.ok_or_else(|| missing("what"))?,
                limit: flat.limit.ok_or_else(|| missing("limit"))?,
                first_seq: flat.first_seq.unwrap_or_default(),
                missing_events: flat.missing_events.unwrap_or_default(),
                missing_bytes: flat.missing_bytes.unwrap_or_default(),
            },
            other => return Err(format!("`{other}` is no type of event")),
        };
        Ok(Self {
            task_id: flat.task_id,
            seq: flat.seq,
            attempt: flat.attempt,
            at: flat.at,
            body,
        })
    }
}
