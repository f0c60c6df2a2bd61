//! One entry of a task's ordered log.

mod flat;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{State, TaskId, Timestamp};

/// One entry of a task's log. `seq` counts from 1 within the task, without gaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "flat::Flat")]
pub struct Event {
    /// The task it belongs to.
    pub task_id: TaskId,
    /// Its place in the task's log, from 1.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    pub seq: u64,
    /// The attempt during which it happened; 0 before the first.
    pub attempt: u32,
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

/// What happened, by type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventBody {
    /// The task entered a state, or something was asked of it in that state.
    State {
        /// The state it is in from here on.
        state: State,
        /// Why, where the state alone does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<StateReason>,
        /// The failure's message, when an attempt just failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// When it is due, for `scheduled` and `retrying`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run_at: Option<Timestamp>,
    },
    /// The handler said how far it is.
    Progress {
        /// From 0.0 to 1.0.
        fraction: f64,
        /// What it is doing now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// The handler printed something. Joining the texts gives the output, byte for byte.
    Output {
        /// What it printed, line ends included.
        text: String,
    },
    /// The handler measured a piece of its work.
    Span {
        /// What was done.
        name: String,
        /// The row of the time line it belongs to.
        track: String,
        /// Start, in milliseconds since the attempt began.
        start_ms: f64,
        /// End, in milliseconds since the attempt began.
        end_ms: f64,
        /// Anything else worth showing.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        attributes: Map<String, Value>,
    },
    /// A limit was reached: nothing more of this sort is kept for this task.
    Truncated {
        /// What is no longer kept: `output` or `events`.
        what: String,
        /// The limit, in bytes of output or in number of events.
        limit: u64,
    },
}

impl EventBody {
    /// The `type` of this event, as in JSON and in the `event:` field of an SSE stream.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::State { .. } => "state",
            Self::Progress { .. } => "progress",
            Self::Output { .. } => "output",
            Self::Span { .. } => "span",
            Self::Truncated { .. } => "truncated",
        }
    }

    /// A plain change of state.
    pub const fn state(state: State) -> Self {
        Self::State {
            state,
            reason: None,
            error: None,
            run_at: None,
        }
    }
}

/// Why a task is in a state, where the state alone does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StateReason {
    /// Its moment came: from `scheduled` or `retrying` to `queued`.
    Due,
    /// It was asked to stop and has not stopped yet.
    CancelRequested,
    /// The node that ran it stopped renewing its lease, or died.
    LeaseExpired,
    /// The node that ran it shut down; the attempt does not count.
    Released,
    /// Somebody asked for another attempt.
    RetryRequested,
    /// A clock was set back, and it would have waited longer than it was to.
    ClockSet,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Event, EventBody, StateReason};
    use crate::{State, TaskId, Timestamp};

    fn event(body: EventBody) -> Event {
        Event {
            task_id: TaskId(uuid::Uuid::nil()),
            seq: 1,
            attempt: 0,
            at: Timestamp::from_millis(0),
            body,
        }
    }

    #[test]
    fn travels_flat_with_its_type() {
        let written = serde_json::to_string(&event(EventBody::state(State::Queued))).unwrap();
        assert_eq!(
            written,
            r#"{"task_id":"00000000-0000-0000-0000-000000000000","seq":1,"attempt":0,"at":"1970-01-01T00:00:00.000Z","type":"state","state":"queued"}"#
        );
    }

    #[test]
    fn every_type_comes_back() {
        let bodies = [
            EventBody::state(State::Queued),
            EventBody::State {
                state: State::Retrying,
                reason: Some(StateReason::LeaseExpired),
                error: Some("no route".to_owned()),
                run_at: Some(Timestamp::from_millis(5)),
            },
            EventBody::Progress {
                fraction: 0.4,
                message: None,
            },
            EventBody::Output {
                text: "a\n".to_owned(),
            },
            EventBody::Span {
                name: "GET".to_owned(),
                track: "a".to_owned(),
                start_ms: 0.5,
                end_ms: 1.5,
                attributes: serde_json::Map::from_iter([("status".to_owned(), json!(200))]),
            },
            EventBody::Truncated {
                what: "output".to_owned(),
                limit: 8,
            },
        ];
        for body in bodies {
            let event = event(body);
            let written = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&written).unwrap(), event);
        }
    }

    #[test]
    fn says_what_is_missing() {
        let mut written = serde_json::to_value(event(EventBody::state(State::Queued))).unwrap();
        written.as_object_mut().unwrap().remove("state");
        let error = serde_json::from_value::<Event>(written).unwrap_err();
        assert!(
            error.to_string().contains("missing field `state`"),
            "{error}"
        );
    }
}
