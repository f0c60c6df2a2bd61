//! What the browser hears while it happens, over one WebSocket for the whole page.
//!
//! [`session`] decides (connect, resume, drop duplicates, notice silence) and touches nothing;
//! `socket` does what it says with the browser's WebSocket, clock and page events.

mod backoff;
mod session;
mod socket;

use glassworks_protocol::{Event, Problem, Stats, Task, TaskFilter, TaskId, TaskSummary};
use leptos::prelude::*;

/// Whether the page hears what happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not yet: the page shows what the server sent.
    #[default]
    Connecting,
    /// Yes.
    Live,
    /// Not now: the page tries to get back.
    Reconnecting,
}

/// What to hear about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Topic {
    /// One task, from the event after `after`.
    Task {
        /// The task.
        id: TaskId,
        /// The last `seq` at hand.
        after: u64,
    },
    /// The tasks that pass a filter.
    Tasks(TaskFilter),
    /// The server's figures.
    Stats,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    /// The watched task as it stands.
    Task(Box<Task>),
    /// New events of the watched task: in order, each once, none missing.
    Events(Vec<Event>),
    /// The watched task is over, and nothing more comes.
    End,
    /// What changed in the watched list.
    Tasks {
        /// New or changed.
        upsert: Vec<TaskSummary>,
        /// Gone, or no longer of the list.
        removed: Vec<TaskId>,
    },
    /// The list may have changed in ways that were not told: load it again.
    Reload,
    /// The server's figures.
    Stats(Box<Stats>),
    /// The server cannot tell of this, and nothing more comes.
    Refused(Problem),
}

/// The page's connection, in the context of every component.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    /// Whether it is connected.
    pub(crate) status: RwSignal<Status>,
}

impl Live {
    /// Provides the connection to all components, without opening it.
    pub(crate) fn provide() -> Self {
        let live = Self {
            status: RwSignal::new(Status::default()),
        };
        provide_context(live);
        live
    }

    /// Opens it, and keeps it open while the page is shown. In the browser only.
    pub(crate) fn start(self) {
        socket::start(self.status);
    }
}

/// What the page shows could not be read: begins the connection anew, after a while, and has lists
/// loaded again then. In the browser only.
pub(crate) fn doubt() {
    socket::doubt();
}

/// Who hears of something.
pub(crate) type Handler = Box<dyn FnMut(News)>;

/// Hears about `topic` for as long as the component that calls this is on the page. Does nothing
/// on the server.
pub(crate) fn watch(topic: Topic, handler: Handler) {
    let mut start = Some((topic, handler));
    Effect::new(move |_| {
        if let Some((topic, handler)) = start.take() {
            let sub = socket::watch(topic, handler);
            on_cleanup(move || socket::unwatch(sub));
        }
    });
}
