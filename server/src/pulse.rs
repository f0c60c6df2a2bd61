//! The pulse of the Tokio runtime: how busy its workers are, and how late it wakes up.
//!
//! A probe sleeps for a fixed time and sees how much later it is woken. On a runtime whose workers
//! are free that is about a millisecond; where something blocks them, it is as long as the block.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::runtime::{Handle, RuntimeMetrics};
use tokio::time::{Instant, sleep_until};
use utoipa::ToSchema;

/// How often the probe looks.
const BEAT: Duration = Duration::from_millis(250);
/// Beats that are remembered: ten seconds.
const KEPT: usize = 40;

/// The runtime's figures, over the last ten seconds where they are about time.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct RuntimeFigures {
    /// Threads that run futures.
    pub(crate) workers: usize,
    /// Which part of their time they were busy, from 0.0 to 1.0.
    pub(crate) busy_ratio: f64,
    /// How late the latest wake-up was at worst, in milliseconds.
    pub(crate) lag_ms: f64,
    /// Futures that were spawned and are not over.
    pub(crate) alive_futures: usize,
    /// Futures that wait in the queue that all workers share.
    pub(crate) queued_futures: usize,
}

/// A probe of the runtime it was started on. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct Pulse {
    metrics: RuntimeMetrics,
    beats: Arc<Mutex<VecDeque<Beat>>>,
}

#[derive(Clone, Copy)]
struct Beat {
    at: Instant,
    late: Duration,
    /// How long all workers have been busy since the runtime started.
    busy: Duration,
}

impl Pulse {
    /// Starts the probe. To be called within a Tokio runtime.
    pub fn start() -> Self {
        let metrics = Handle::current().metrics();
        let first = Beat {
            at: Instant::now(),
            late: Duration::ZERO,
            busy: busy(&metrics),
        };
        let beats = Arc::new(Mutex::new(VecDeque::from([first])));
        let (watched, held) = (metrics.clone(), Arc::downgrade(&beats));
        tokio::spawn(async move {
            loop {
                let due = Instant::now() + BEAT;
                sleep_until(due).await;
                let Some(beats) = held.upgrade() else {
                    return;
                };
                let mut beats = beats.lock();
                if beats.len() == KEPT {
                    beats.pop_front();
                }
                beats.push_back(Beat {
                    at: Instant::now(),
                    late: due.elapsed(),
                    busy: busy(&watched),
                });
            }
        });
        Self { metrics, beats }
    }

    /// How late the latest wake-up was at worst.
    pub(crate) fn lag(&self) -> Duration {
        let beats = self.beats.lock();
        // A block that is not over is late already.
        let silent = beats.back().map_or(Duration::ZERO, |last| {
            last.at.elapsed().saturating_sub(BEAT)
        });
        let late = beats.iter().map(|beat| beat.late).max().unwrap_or_default();
        late.max(silent)
    }

    /// The figures at this moment.
    pub(crate) fn read(&self) -> RuntimeFigures {
        let workers = self.metrics.num_workers();
        let lag = self.lag();
        let beats = self.beats.lock();
        let busy_ratio = match (beats.front(), beats.back()) {
            (Some(first), Some(last)) if last.at > first.at => {
                let busy = last.busy.saturating_sub(first.busy).as_secs_f64();
                #[expect(clippy::cast_precision_loss, reason = "workers are few")]
                let time = (last.at - first.at).as_secs_f64() * workers as f64;
                (busy / time).min(1.0)
            }
            _ => 0.0,
        };
        RuntimeFigures {
            workers,
            busy_ratio,
            lag_ms: lag.as_secs_f64() * 1_000.0,
            alive_futures: self.metrics.num_alive_tasks(),
            queued_futures: self.metrics.global_queue_depth(),
        }
    }
}

fn busy(metrics: &RuntimeMetrics) -> Duration {
    (0..metrics.num_workers())
        .map(|worker| metrics.worker_total_busy_duration(worker))
        .sum()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use super::Pulse;

    #[tokio::test]
    async fn a_blocked_runtime_shows_in_its_lag() {
        let pulse = Pulse::start();
        sleep(Duration::from_millis(20)).await;
        std::thread::sleep(Duration::from_millis(600));
        let beating = async {
            while pulse.read().lag_ms < 300.0 {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_mins(1), beating)
            .await
            .expect("the block should show");
        assert_eq!(pulse.read().workers, 1);
        assert!((0.0..=1.0).contains(&pulse.read().busy_ratio));
    }
}
