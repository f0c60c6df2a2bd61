//! A producer that is too fast, against a queue without a bound and one with.

mod broken;
mod desk;
mod fixed;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use futures::future::join_all;
use glassworks_engine::TaskError;
use glassworks_protocol::FieldError;

use super::{Experiment, Shown, Variant, variants};
use crate::lab::parameters::{Parameters, parameters};
use crate::lab::prober::{Client, Connections, Exchange};
use crate::lab::report::{Figure, Measured, latency, quantile, spoken};
use crate::lab::stage::Stage;
use desk::Desk;

variants! {
    "backpressure";
    "broken": "broken.rs", "a queue without a bound";
    "fixed": "fixed.rs", "a queue with a bound, which makes senders wait";
}

/// The bytes of all jobs.
const MOST_KIB: u32 = 32 * 1_024;
/// How long all jobs may take, in milliseconds.
const LONGEST_MS: u32 = 20_000;

parameters! {
    /// `POST /jobs` accepts jobs faster than the one worker behind it does them.
    Backpressure(MultiThread) {
        /// How many jobs are sent.
        #[schema(minimum = 1, maximum = 900)]
        jobs: u32 = 100,
        /// How many clients send them, each the next as soon as it has an answer.
        #[schema(minimum = 1, maximum = 32)]
        concurrency: u8 = 4,
        /// How long the worker needs for a job, in milliseconds.
        #[schema(minimum = 1, maximum = 1000)]
        job_ms: u32 = 20,
        /// How large a job is, in KiB.
        #[schema(minimum = 1, maximum = 1024)]
        job_kib: u32 = 16,
        /// How many jobs the bounded queue holds.
        #[schema(minimum = 1, maximum = 500)]
        queue_capacity: u16 = 4,
    }
}

impl Parameters for Backpressure {
    fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.jobs * self.job_kib > MOST_KIB {
            let detail = format!("makes more than {MOST_KIB} KiB with this many `jobs`");
            errors.push(FieldError::new("/job_kib", detail));
        }
        if self.jobs * self.job_ms > LONGEST_MS {
            let detail = format!("makes more than {LONGEST_MS} ms with this many `jobs`");
            errors.push(FieldError::new("/job_ms", detail));
        }
        errors
    }
}

impl Experiment for Backpressure {
    async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError> {
        let capacity = usize::from(self.queue_capacity);
        // One after the other: the producer is as fast as the processor lets it be.
        let broken = self.variant(stage, &VARIANTS[0], broken::routes).await?;
        stage
            .progress(0.5, "the queue without a bound was measured")
            .await;
        let bounded = move |desk| fixed::routes(desk, capacity);
        let fixed = self.variant(stage, &VARIANTS[1], bounded).await?;
        let phenomenon = format!(
            "Without a bound {} jobs were accepted in {}, up to {} of them ({} KiB) waited, and the \
             unluckiest waited for {}. With a bound of {capacity} at most {} waited ({} KiB), the \
             unluckiest for {}; the clients were slowed down instead, to {} a job (median).",
            self.jobs,
            spoken(broken.sending),
            broken.most_waiting,
            broken.most_bytes / 1_024,
            spoken(broken.longest_wait),
            fixed.most_waiting,
            fixed.most_bytes / 1_024,
            spoken(fixed.longest_wait),
            spoken(fixed.median),
        );
        Ok(Shown {
            variants: vec![broken.measured, fixed.measured],
            phenomenon,
        })
    }
}

struct Seen {
    measured: Measured,
    sending: Duration,
    median: Duration,
    most_waiting: usize,
    most_bytes: usize,
    longest_wait: Duration,
}

impl Backpressure {
    async fn variant(
        &self,
        stage: &Stage<'_>,
        variant: &'static Variant,
        routes: impl FnOnce(Desk) -> Router + Send + 'static,
    ) -> Result<Seen, TaskError> {
        let takes = Duration::from_millis(self.job_ms.into());
        let desk = Desk::new(stage.clock, takes);
        let given = desk.clone();
        let curl = "-i {}/jobs -d 'a job'";
        let scene = stage
            .scene(variant, self.runtime(), curl, move || routes(given))
            .await?;
        let plan = self.clone();
        let watched = desk.clone();
        let sent = scene
            .probe(Connections::KeepAlive, async move |client| {
                let sent = plan.send(&client).await;
                // Until the worker has taken up the last.
                let accepted = sent.iter().filter(|job| job.is_ok()).count();
                let patience = takes * plan.jobs + Duration::from_secs(10);
                let all_taken = async {
                    while watched.waits.lock().len() < accepted {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                // Late or not, what was measured is told.
                let _ = tokio::time::timeout(patience, all_taken).await;
                sent
            })
            .await?;
        let accepted = sent.iter().filter(|job| job.is_ok()).count();
        let from = sent.iter().map(|job| job.sent).min().unwrap_or_default();
        let until = sent.iter().map(|job| job.done).max().unwrap_or_default();
        let longest_wait = quantile(desk.waits.lock().iter().copied(), 1.0);
        let [median, high] = latency(
            [
                ("answer_p50", "an answer, median"),
                ("answer_p99", "99th percentile"),
            ],
            &sent,
        );
        let figures = vec![
            Figure::count("accepted", "jobs accepted", accepted),
            Figure::time(
                "sending",
                "until all were accepted",
                until.saturating_sub(from),
            ),
            median,
            high,
            Figure::count(
                "most_waiting",
                "most jobs in the queue",
                desk.most_waiting(),
            ),
            Figure::bytes("most_bytes", "most bytes in the queue", desk.most_bytes()),
            Figure::time(
                "longest_wait",
                "the longest wait in the queue",
                longest_wait,
            ),
        ];
        Ok(Seen {
            measured: scene.measured(figures).await,
            sending: until.saturating_sub(from),
            median: quantile(sent.iter().map(Exchange::took), 0.5).unwrap_or_default(),
            most_waiting: desk.most_waiting(),
            most_bytes: desk.most_bytes(),
            longest_wait: longest_wait.unwrap_or_default(),
        })
    }

    async fn send(&self, client: &Client) -> Vec<Exchange> {
        let body = Bytes::from(vec![b'.'; self.job_kib as usize * 1_024]);
        let left = Arc::new(AtomicU32::new(self.jobs));
        let sender = || async {
            let mut sent = Vec::new();
            let take = |left: u32| left.checked_sub(1);
            while left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
                .is_ok()
            {
                sent.push(client.post("jobs", "/jobs", body.clone()).await);
            }
            sent
        };
        let all = join_all((0..self.concurrency).map(|_| sender())).await;
        all.into_iter().flatten().collect()
    }
}
