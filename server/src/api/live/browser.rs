//! The browser's side of the conversation: numbered subscriptions to tasks, lists and figures.

use futures::StreamExt as _;
use glassworks_engine::Engine;
use glassworks_engine::shape::in_words;
use glassworks_protocol::{ClientMessage, Problem, ProblemCode, ServerMessage};

use super::socket::Talk;
use super::subscriptions::{MAX_SUBSCRIPTIONS, Subscriptions};
use super::{SOCKET_BYTES, list, stats, task};
use crate::VERSION;
use crate::budget::{Permit, SMALL, Share};
use crate::node::Node;

/// One browser page's conversation.
pub(super) struct Browser {
    engine: Engine,
    /// What this connection may hold.
    share: Share,
    /// What its last message holds until the next is asked for.
    held: Option<Permit>,
    subscriptions: Subscriptions,
    greeted: bool,
}

impl Browser {
    pub(super) fn new(engine: Engine, node: &Node) -> Self {
        Self {
            engine,
            share: node.budget.live.part(SOCKET_BYTES),
            held: None,
            subscriptions: Subscriptions::default(),
            greeted: false,
        }
    }

    /// The message as it is sent. Of a list's changes for which there is no room it is told only
    /// that there were some; a task counts for itself.
    fn told(&mut self, message: &ServerMessage) -> String {
        let text = json(message);
        let ServerMessage::Tasks { sub, .. } = *message else {
            return text;
        };
        if text.len() > SMALL {
            self.held = self.share.try_reserve(text.len());
            if self.held.is_none() {
                return json(&ServerMessage::Tasks {
                    sub,
                    upsert: Vec::new(),
                    removed: Vec::new(),
                    reload: true,
                });
            }
        }
        text
    }

    fn watch(&mut self, message: ClientMessage) -> Option<ServerMessage> {
        let engine = &self.engine;
        let (sub, stream) = match message {
            ClientMessage::WatchTask {
                sub,
                task_id,
                after,
            } => {
                let share = self.share.clone();
                (sub, task::watch(engine.clone(), share, sub, task_id, after))
            }
            ClientMessage::WatchTasks { sub, filter } => (sub, list::watch(engine, sub, &filter)),
            ClientMessage::WatchStats { sub } => (sub, stats::watch(engine, sub)),
            ClientMessage::Unwatch { sub } => {
                self.subscriptions.remove(sub);
                return None;
            }
        };
        if self.subscriptions.insert(sub, stream) {
            return None;
        }
        let detail = format!("A connection has at most {MAX_SUBSCRIPTIONS} subscriptions.");
        Some(ServerMessage::Problem {
            sub: Some(sub),
            problem: Problem::new(ProblemCode::TooManySubscriptions).with_detail(detail),
        })
    }
}

impl Talk for Browser {
    async fn next(&mut self) -> Option<String> {
        self.held = None;
        if !self.greeted {
            self.greeted = true;
            return Some(json(&ServerMessage::Hello {
                node: self.engine.node().to_owned(),
                version: VERSION.to_owned(),
            }));
        }
        match self.subscriptions.next().await {
            Some(message) => Some(self.told(&message)),
            // Without a subscription there is nothing to say until the client asks.
            None => std::future::pending().await,
        }
    }

    /// A subscription that failed says so itself, and the others go on.
    fn failed(&self) -> bool {
        false
    }

    fn hear(&mut self, text: &str) -> Option<String> {
        let answer = match serde_json::from_str(text) {
            Ok(message) => self.watch(message),
            Err(error) => Some(ServerMessage::Problem {
                sub: None,
                problem: Problem::new(ProblemCode::BadMessage).with_detail(format!(
                    "The message was not understood: {}.",
                    in_words(&error)
                )),
            }),
        };
        answer.as_ref().map(json)
    }

    fn heartbeat(&self) -> Option<String> {
        Some(json(&ServerMessage::Heartbeat))
    }
}

fn json(message: &ServerMessage) -> String {
    // Cannot fail: what travels has string keys only.
    serde_json::to_string(message).unwrap_or_default()
}
