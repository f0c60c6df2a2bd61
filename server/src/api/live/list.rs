//! A list's changes, gathered so that a busy server sends a few messages a second and not one a
//! change.

use std::collections::HashSet;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use glassworks_engine::{Change, Changes, Engine};
use glassworks_protocol::{ServerMessage, TaskFilter, TaskId};
use tokio::time::{Instant, sleep_until};

use super::problem;
use super::subscriptions::Subscription;

/// The least time between two messages: faster than this, nobody can read a list.
const PACE: Duration = Duration::from_millis(250);

/// Follows the tasks that match `filter`. The first message asks for a reload, because the page
/// that the client has may be older than the subscription.
pub(super) fn watch(engine: Engine, sub: u32, filter: TaskFilter) -> Subscription {
    let changes = engine.changes();
    let first = tasks(sub, Vec::new(), Vec::new(), true);
    let watch = Watch {
        engine,
        sub,
        filter,
        changes,
        rest_until: Instant::now(),
    };
    let rest = stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        let message = watch.next().await?;
        let over = matches!(message, ServerMessage::Problem { .. });
        Some((message, (!over).then_some(watch)))
    });
    stream::iter([first]).chain(rest).boxed()
}

struct Watch {
    engine: Engine,
    sub: u32,
    filter: TaskFilter,
    changes: Changes,
    rest_until: Instant,
}

impl Watch {
    /// The next message; `None` when the engine has shut down.
    async fn next(&mut self) -> Option<ServerMessage> {
        sleep_until(self.rest_until).await;
        let change = self.changes.next().await?;
        self.rest_until = Instant::now() + PACE;
        let ids = match change {
            Change::Everything => return Some(tasks(self.sub, Vec::new(), Vec::new(), true)),
            Change::Tasks(ids) => ids,
        };
        let upsert = match self.engine.summaries_of(&ids, &self.filter).await {
            Ok(upsert) => upsert,
            Err(error) => {
                return Some(ServerMessage::Problem {
                    sub: Some(self.sub),
                    problem: problem(error),
                });
            }
        };
        let matching: HashSet<TaskId> = upsert.iter().map(|task| task.id).collect();
        let removed = ids.into_iter().filter(|id| !matching.contains(id));
        let removed = removed.collect();
        Some(tasks(self.sub, upsert, removed, false))
    }
}

fn tasks(
    sub: u32,
    upsert: Vec<glassworks_protocol::TaskSummary>,
    removed: Vec<TaskId>,
    reload: bool,
) -> ServerMessage {
    ServerMessage::Tasks {
        sub,
        upsert,
        removed,
        reload,
    }
}
