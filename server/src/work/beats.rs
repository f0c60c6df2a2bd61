//! Telling the server what the attempts do, and hearing from it what is to become of them.
//!
//! One call for all of them, from a task that no program can hold up.

use std::sync::Arc;
use std::time::Duration;

use glassworks_protocol::{Beat, BeatAnswer};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::attempt::Attempts;
use crate::client::{Patience, Server};

/// How long what a program prints may wait for more, so that one call carries it all.
const GATHERING: Duration = Duration::from_millis(100);
/// How often to ask, with nothing to tell, whether anything is to stop.
const QUIET: Duration = Duration::from_secs(3);
/// Leases are renewed when so many-th of their time is over.
const PER_LEASE: u32 = 4;
/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(8);

/// Beats until it is told to `stop`. The server can say that the worker is to end: `closing`.
pub(super) async fn beat(
    server: Server,
    attempts: Arc<Attempts>,
    closing: CancellationToken,
    stop: CancellationToken,
) {
    let mut patience = Patience::default();
    let mut last = Instant::now();
    loop {
        let lease = attempts.shortest_lease();
        let due = last + lease.map_or(QUIET, |lease| QUIET.min(lease / PER_LEASE));
        tokio::select! {
            () = stop.cancelled() => return,
            () = attempts.news.notified() => sleep(GATHERING).await,
            () = sleep_until(due), if lease.is_some() => {}
        }
        last = Instant::now();
        let (held, items): (Vec<_>, Vec<_>) = attempts.items().into_iter().unzip();
        if held.is_empty() {
            continue;
        }
        let beat = Beat {
            worker: attempts.worker.clone(),
            items,
        };
        let answer = server.post("/api/claims/beat", &beat, WITHIN).await;
        let answer: BeatAnswer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                for (held, item) in held.iter().zip(beat.items) {
                    held.untold(item);
                }
                let pause = patience.next();
                warn!(%error, "cannot tell the server what the tasks do; trying again in {pause:?}");
                sleep(pause).await;
                attempts.news.notify_one();
                continue;
            }
        };
        patience = Patience::default();
        for (held, standing) in held.iter().zip(&answer.items) {
            held.told(standing);
        }
        if answer.drain && !closing.is_cancelled() {
            info!("the server asks this worker to end");
            closing.cancel();
        }
    }
}
