//! The messages of the browser's one WebSocket, `/api/ws`: JSON text frames.
//!
//! The client opens numbered subscriptions; each answer names the subscription it belongs to. A
//! subscription resumes: a task's by `after`, a list's or the figures' by asking anew.

mod frame;

use serde::{Deserialize, Serialize};

use crate::{Event, Problem, Stats, Task, TaskFilter, TaskId, TaskSummary};

/// What the client asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// Follow one task: a `task` message now and after each change of state, `events` after
    /// `after` as they come, and `end` once it is over.
    WatchTask {
        /// The client's own number for this subscription; watching with a number in use
        /// replaces that subscription.
        sub: u32,
        /// The task.
        task_id: TaskId,
        /// The last `seq` the client has; 0 for all.
        #[serde(default)]
        after: u64,
    },
    /// Follow a list: `tasks` messages with what changed, at most a few a second.
    WatchTasks {
        /// As above.
        sub: u32,
        /// Which tasks.
        #[serde(default)]
        filter: TaskFilter,
    },
    /// Follow the server's figures: a `stats` message now and about each second.
    WatchStats {
        /// As above.
        sub: u32,
    },
    /// End a subscription. Messages already under way may still arrive.
    Unwatch {
        /// As above.
        sub: u32,
    },
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", try_from = "frame::Frame")]
pub enum ServerMessage {
    /// The first message on every connection.
    Hello {
        /// The node that answers.
        node: String,
        /// Its version.
        version: String,
    },
    /// New events of a watched task, in order, without a gap.
    Events {
        /// The subscription.
        sub: u32,
        /// One or more events.
        events: Vec<Event>,
    },
    /// A watched task as it stands now.
    Task {
        /// The subscription.
        sub: u32,
        /// The whole task.
        task: Box<Task>,
    },
    /// A watched task is over and all its events have been sent; the subscription is closed.
    End {
        /// The subscription.
        sub: u32,
    },
    /// What changed in a watched list.
    Tasks {
        /// The subscription.
        sub: u32,
        /// Tasks that match, new or changed.
        upsert: Vec<TaskSummary>,
        /// Tasks that changed and do not match, or exist, any more.
        removed: Vec<TaskId>,
        /// Too much changed to list: load the page again.
        reload: bool,
    },
    /// The server's figures.
    Stats {
        /// The subscription.
        sub: u32,
        /// The figures.
        stats: Box<Stats>,
    },
    /// A request that cannot be met. The connection stays open.
    Problem {
        /// The subscription it was about, now closed; absent when the message was not understood.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sub: Option<u32>,
        /// What is wrong.
        problem: Problem,
    },
    /// Sent each 15 s, so that a client which hears nothing for longer knows that it is cut off.
    Heartbeat,
}

#[cfg(test)]
mod tests {
    use super::ServerMessage;
    use crate::{Problem, State, StateCounts, Stats, Task, TaskId, Timestamp};

    fn task() -> Task {
        let at = Timestamp::from_millis(0);
        Task {
            id: TaskId(uuid::Uuid::nil()),
            kind: "sleep".to_owned(),
            queue: "default".to_owned(),
            state: State::Queued,
            payload: serde_json::json!({ "seconds": 1 }),
            priority: 5,
            tags: vec!["a".to_owned()],
            attempt: 0,
            max_attempts: 5,
            timeout_ms: 900_000,
            run_at: at,
            created_at: at,
            started_at: None,
            finished_at: None,
            progress: None,
            result: None,
            error: None,
            errors: Vec::new(),
            errors_omitted: 0,
            cancel_requested: false,
            unique_key: None,
            schedule_id: None,
            traceparent: None,
            node: None,
            last_seq: 1,
        }
    }

    #[test]
    fn every_message_of_the_server_comes_back() {
        let stats = Stats {
            node: "n".to_owned(),
            version: "0".to_owned(),
            started_at: Timestamp::from_millis(0),
            uptime_ms: 1,
            tasks: StateCounts::default(),
            since_start: StateCounts::default(),
            workers: 100,
            busy_workers: 1,
        };
        let messages = [
            ServerMessage::Hello {
                node: "n".to_owned(),
                version: "0".to_owned(),
            },
            ServerMessage::Events {
                sub: 1,
                events: Vec::new(),
            },
            ServerMessage::Task {
                sub: 2,
                task: Box::new(task()),
            },
            ServerMessage::End { sub: 3 },
            ServerMessage::Tasks {
                sub: 4,
                upsert: Vec::new(),
                removed: vec![TaskId(uuid::Uuid::nil())],
                reload: true,
            },
            ServerMessage::Stats {
                sub: 5,
                stats: Box::new(stats),
            },
            ServerMessage::Problem {
                sub: None,
                problem: Problem::new(400, "Bad Request"),
            },
            ServerMessage::Problem {
                sub: Some(6),
                problem: Problem::new(404, "Not Found"),
            },
            ServerMessage::Heartbeat,
        ];
        for message in messages {
            let written = serde_json::to_string(&message).unwrap();
            assert_eq!(
                serde_json::from_str::<ServerMessage>(&written).unwrap(),
                message
            );
        }
    }

    #[test]
    fn says_what_is_missing() {
        let error = serde_json::from_str::<ServerMessage>(r#"{"type":"end"}"#).unwrap_err();
        assert!(error.to_string().contains("missing field `sub`"), "{error}");
    }
}
