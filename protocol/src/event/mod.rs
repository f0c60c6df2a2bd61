//! One entry of a task's ordered log.

mod flat;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{State, TaskId, Timestamp};

/// One entry of a task's log. `seq` counts from 1 within the task and leaves no number out. A log
/// that is read later may miss some: a `truncated` event stands in the place of the last of them.
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
        /// Where it printed it.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(required))]
        stream: OutputStream,
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
    /// The attempt recorded more than is kept: its beginning stands before this event, its end
    /// after it. Between `first_seq` and this event's own `seq`, what is not stored is missing.
    /// Changes of state never are.
    ///
    /// While the attempt goes on, more may go missing, and the event then stands further on. Who
    /// follows the attempt while it runs sees what is missing later.
    Truncated {
        /// Of what there was too much last: `output` or `events`.
        what: String,
        /// The limit for each attempt, in bytes of output or in number of events.
        limit: u64,
        /// The first number that is missing.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(required))]
        first_seq: u64,
        /// How many events are missing.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(required))]
        missing_events: u64,
        /// How many bytes of output are missing.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(required))]
        missing_bytes: u64,
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

    /// Something printed to the standard output.
    pub fn output(text: impl Into<String>) -> Self {
        Self::Output {
            stream: OutputStream::Stdout,
            text: text.into(),
        }
    }

    /// What stands in a task's output for this event where output is missing: a line of its own.
    pub fn gap(&self) -> Option<String> {
        match self {
            Self::Truncated { missing_bytes, .. } if *missing_bytes > 0 => Some(format!(
                "\n[... {missing_bytes} bytes of output are missing here ...]\n"
            )),
            _ => None,
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

/// Where something was printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutputStream {
    /// What the work is about.
    #[default]
    Stdout,
    /// What went wrong on the way, and other remarks.
    Stderr,
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

    use super::{Event, EventBody, OutputStream, StateReason};
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
            EventBody::output("a\n"),
            EventBody::Output {
                stream: OutputStream::Stderr,
                text: "b\n".to_owned(),
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
                first_seq: 3,
                missing_events: 4,
                missing_bytes: 5,
            },
        ];
        for body in bodies {
            let event = event(body);
            let written = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&written).unwrap(), event);
        }
    }

    #[test]
    fn what_an_earlier_version_wrote_is_read() {
        for (written, expected) in [
            (
                json!({"type": "output", "text": "a\n"}),
                EventBody::output("a\n"),
            ),
            (
                json!({"type": "truncated", "what": "events", "limit": 8}),
                EventBody::Truncated {
                    what: "events".to_owned(),
                    limit: 8,
                    first_seq: 0,
                    missing_events: 0,
                    missing_bytes: 0,
                },
            ),
        ] {
            let body: EventBody = serde_json::from_value(written.clone()).unwrap();
            assert_eq!(body, expected);
            let mut flat = serde_json::to_value(event(EventBody::state(State::Queued))).unwrap();
            let members = flat.as_object_mut().unwrap();
            members.extend(written.as_object().unwrap().clone());
            assert_eq!(
                serde_json::from_value::<Event>(flat).unwrap().body,
                expected
            );
        }
    }

    #[test]
    fn missing_output_is_a_line_in_what_was_printed() {
        let missing = |missing_bytes| EventBody::Truncated {
            what: "output".to_owned(),
            limit: 8,
            first_seq: 3,
            missing_events: 4,
            missing_bytes,
        };
        let line = "\n[... 12 bytes of output are missing here ...]\n";
        assert_eq!(missing(12).gap().as_deref(), Some(line));
        assert_eq!(missing(0).gap(), None);
        assert_eq!(EventBody::output("a").gap(), None);
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
