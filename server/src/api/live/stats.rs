//! The server's figures, each second in which they change.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use glassworks_engine::{Engine, Error};
use glassworks_protocol::{ServerMessage, Stats};
use tokio::time::{Instant, sleep_until};

use super::problem;
use super::subscriptions::Subscription;

const PACE: Duration = Duration::from_secs(1);

/// Follows the figures: now, and then whenever they have changed, each second at most.
pub(super) fn watch(engine: Engine, sub: u32) -> Subscription {
    let watch = Watch {
        engine,
        sent: None,
        rest_until: Instant::now(),
    };
    stream::unfold(Some(watch), move |watch| async move {
        let mut watch = watch?;
        Some(match watch.next().await {
            Ok(stats) => (
                ServerMessage::Stats {
                    sub,
                    stats: Box::new(stats),
                },
                Some(watch),
            ),
            Err(error) => (
                ServerMessage::Problem {
                    sub: Some(sub),
                    problem: problem(error),
                },
                None,
            ),
        })
    })
    .boxed()
}

struct Watch {
    engine: Engine,
    sent: Option<Stats>,
    rest_until: Instant,
}

impl Watch {
    async fn next(&mut self) -> Result<Stats, Error> {
        loop {
            sleep_until(self.rest_until).await;
            self.rest_until = Instant::now() + PACE;
            let stats = self.engine.stats().await?;
            if self.sent.as_ref().is_none_or(|sent| differs(sent, &stats)) {
                self.sent = Some(stats.clone());
                return Ok(stats);
            }
        }
    }
}

/// Whether there is news. That time has passed is none: the client has a clock of its own.
fn differs(sent: &Stats, now: &Stats) -> bool {
    let sent = Stats {
        uptime_ms: now.uptime_ms,
        ..sent.clone()
    };
    sent != *now
}
