//! The server's figures, each second in which they change.

use futures::StreamExt as _;
use glassworks_engine::Engine;
use glassworks_protocol::ServerMessage;

use super::problem;
use super::subscriptions::Subscription;

/// Follows the figures: now, and then whenever they have changed, each second at most.
pub(super) fn watch(engine: &Engine, sub: u32) -> Subscription {
    let news = engine.watch_stats().map(move |news| match news {
        Ok(stats) => ServerMessage::Stats {
            sub,
            stats: Box::new(stats.as_ref().clone()),
        },
        Err(error) => ServerMessage::Problem {
            sub: Some(sub),
            problem: problem(error),
        },
    });
    news.boxed()
}
