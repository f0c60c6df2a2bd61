//! A list's changes, gathered so that a busy server sends a message a second and not one a change.

use futures::{StreamExt as _, stream};
use glassworks_engine::{Engine, ListNews};
use glassworks_protocol::{ServerMessage, TaskFilter};

use super::problem;
use super::subscriptions::Subscription;

/// Follows the tasks that match `filter`. The first message asks for a reload, because the page
/// that the client has may be older than the subscription.
pub(super) fn watch(engine: &Engine, sub: u32, filter: &TaskFilter) -> Subscription {
    let news = match engine.watch_list(filter) {
        Ok(news) => stream::iter([Ok(ListNews::Reload)]).chain(news).boxed(),
        Err(error) => stream::iter([Err(error)]).boxed(),
    };
    news.map(move |news| message(sub, news)).boxed()
}

fn message(sub: u32, news: Result<ListNews, glassworks_engine::Error>) -> ServerMessage {
    let (upsert, removed, reload) = match news {
        Ok(ListNews::Reload) => (Vec::new(), Vec::new(), true),
        Ok(ListNews::Changed { upsert, removed }) => (upsert.to_vec(), removed.to_vec(), false),
        Err(error) => {
            return ServerMessage::Problem {
                sub: Some(sub),
                problem: problem(error),
            };
        }
    };
    ServerMessage::Tasks {
        sub,
        upsert,
        removed,
        reload,
    }
}
