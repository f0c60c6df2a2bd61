//! Queues: what their page starts from, and what can be done with them.

use std::collections::BTreeMap;

use glassworks_protocol::{Queue, QueueHistory};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::refused::Refused;

#[cfg(feature = "ssr")]
use {
    crate::form::Typed,
    crate::form::queue::{pause_until, settings},
    crate::refused::{refuse, refuse_error},
    glassworks_protocol::{Problem, ProblemCode, Timestamp},
};

/// What the page starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Queues {
    /// All of them.
    All(Vec<Queue>),
    /// One, and how it went of late.
    One(Box<(Queue, QueueHistory)>),
}

/// What somebody asks of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QueueChange {
    Pause,
    Resume,
    /// Cancel what waits.
    Drain,
    /// Limit it as its form says.
    Limit,
}

impl QueueChange {
    const ALL: [Self; 4] = [Self::Pause, Self::Resume, Self::Drain, Self::Limit];

    /// The change that is sent as `word`.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.as_str() == word)
    }

    /// As it is sent.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Drain => "drain",
            Self::Limit => "limit",
        }
    }
}

/// What `/queues` shows: all without a `name`, else one.
#[server(prefix = "/fn", endpoint = "queues", input = GetUrl, output = Json)]
pub(crate) async fn load_queues(#[server(default)] name: String) -> Result<Queues, Refused> {
    let engine = super::engine()?;
    let load = async || {
        if name.is_empty() {
            return engine.queues().await.map(Queues::All);
        }
        let queue = engine.queue(&name).await?;
        let history = engine.queue_history(&name).await?;
        Ok(Queues::One(Box::new((queue, history))))
    };
    load().await.map_err(|error| refuse_error(&error))
}

/// Does with a queue what was asked; `typed` is what its form says beside that.
#[server(prefix = "/fn", endpoint = "change_queue", output = Json)]
pub(crate) async fn change_queue(
    name: String,
    change: QueueChange,
    #[server(default)] typed: BTreeMap<String, String>,
) -> Result<(), Refused> {
    let engine = super::engine()?;
    let typed = Typed::grouped([("typed", &typed)]);
    let invalid = |errors| refuse(Problem::new(ProblemCode::Invalid).with_errors(errors));
    let changed = match change {
        QueueChange::Pause => {
            let until = pause_until(&typed, Timestamp::now()).map_err(invalid)?;
            engine.pause_queue(&name, until).await.map(drop)
        }
        QueueChange::Resume => engine.resume_queue(&name).await.map(drop),
        QueueChange::Drain => engine.drain_queue(&name).await.map(drop),
        QueueChange::Limit => {
            let before = engine.queue(&name).await.ok();
            let known = before.as_ref().map(|queue| queue.settings);
            let settings = settings(&typed, known.unwrap_or_default()).map_err(invalid)?;
            let set = engine.set_queue(&name, settings).await.map(drop);
            // It was only named on the page of all: there is more to say of it.
            if set.is_ok() && before.is_none() {
                leptos_axum::redirect(&format!("/queues/{name}"));
            }
            set
        }
    };
    changed.map_err(|error| refuse_error(&error))
}

impl ChangeQueue {
    /// What a form of the queue sends: each control with its name. None without a change.
    pub(crate) fn of(queue: &str, sent: Vec<(String, String)>) -> Option<Self> {
        let mut change = None;
        let mut typed = BTreeMap::new();
        for (name, value) in sent {
            if name == "change" {
                change = QueueChange::named(&value);
            } else if let Some(("typed", key)) =
                name.strip_suffix(']').and_then(|name| name.split_once('['))
            {
                typed.insert(key.to_owned(), value);
            }
        }
        Some(Self {
            name: queue.to_owned(),
            change: change?,
            typed,
        })
    }
}
