//! More blocking calls than there are threads for them.

mod broken;
mod fixed;

use std::time::Duration;

use axum::Router;
use futures::future::join_all;
use glassworks_engine::TaskError;
use glassworks_protocol::FieldError;

use super::{Experiment, Shown, Variant, variants};
use crate::lab::parameters::{Parameters, parameters};
use crate::lab::prober::{Client, Connections, Exchange};
use crate::lab::report::{Figure, Measured, latency, quantile, spoken};
use crate::lab::stage::Stage;
use crate::lab::threads::RuntimePlan;

variants! {
    "blocking_pool";
    "broken": "broken.rs", "all blocking calls share the pool";
    "fixed": "fixed.rs", "slow calls take turns, a thread is left for quick ones";
}

/// How long all reports may take, in milliseconds.
const LONGEST_MS: u32 = 20_000;
/// How often something is looked up.
const EVERY: Duration = Duration::from_millis(25);

parameters! {
    /// `/report` blocks for long and `/lookup` for a millisecond, both under `spawn_blocking`.
    BlockingPool(MultiThread) {
        /// Threads for blocking calls. Tokio's default is 512.
        #[schema(minimum = 2, maximum = 64)]
        pool_threads: u8 = 4,
        /// How many reports are asked for at the same time.
        #[schema(minimum = 1, maximum = 200)]
        reports: u8 = 12,
        /// How long a report blocks its thread, in milliseconds.
        #[schema(minimum = 10, maximum = 3000)]
        report_ms: u32 = 400,
    }
}

impl Parameters for BlockingPool {
    fn check(&self) -> Vec<FieldError> {
        // With one thread fewer, as in the fixed variant.
        let rounds = u32::from(self.reports).div_ceil(u32::from(self.pool_threads) - 1);
        if rounds * self.report_ms <= LONGEST_MS {
            return Vec::new();
        }
        let detail = format!("makes more than {LONGEST_MS} ms with these threads and reports");
        vec![FieldError::new("/report_ms", detail)]
    }
}

impl Experiment for BlockingPool {
    async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError> {
        let takes = Duration::from_millis(self.report_ms.into());
        let at_once = usize::from(self.pool_threads) - 1;
        // Side by side: their threads sleep.
        let (broken, fixed) = futures::try_join!(
            self.variant(stage, &VARIANTS[0], move || broken::routes(takes)),
            self.variant(stage, &VARIANTS[1], move || fixed::routes(takes, at_once)),
        )?;
        let phenomenon = format!(
            "{} reports of {} on {} threads took {} in all. Meanwhile a look-up of a millisecond \
             took up to {}. With at most {at_once} reports at a time they took {}, and a look-up \
             up to {}.",
            self.reports,
            spoken(takes),
            self.pool_threads,
            spoken(broken.all),
            spoken(broken.slowest),
            spoken(fixed.all),
            spoken(fixed.slowest),
        );
        Ok(Shown {
            variants: vec![broken.measured, fixed.measured],
            phenomenon,
        })
    }
}

struct Seen {
    measured: Measured,
    all: Duration,
    slowest: Duration,
}

impl BlockingPool {
    async fn variant(
        &self,
        stage: &Stage<'_>,
        variant: &'static Variant,
        routes: impl FnOnce() -> Router + Send + 'static,
    ) -> Result<Seen, TaskError> {
        let runtime = RuntimePlan {
            blocking_threads: self.pool_threads.into(),
            ..self.runtime()
        };
        let curl = "{}/report & curl {}/lookup";
        let scene = stage.scene(variant, runtime, curl, routes).await?;
        let plan = self.clone();
        let (reports, lookups) = scene
            .probe(Connections::KeepAlive, async move |client| {
                plan.probe(client).await
            })
            .await?;
        let from = reports.iter().map(|it| it.sent).min().unwrap_or_default();
        let until = reports.iter().map(|it| it.done).max().unwrap_or_default();
        let slowest = quantile(lookups.iter().map(Exchange::took), 1.0);
        let [median, high] = latency(
            [
                ("lookup_p50", "a look-up, median"),
                ("lookup_p99", "99th percentile"),
            ],
            &lookups,
        );
        let figures = vec![
            Figure::time(
                "all_reports",
                "until the last report",
                until.saturating_sub(from),
            ),
            Figure::count("lookups", "look-ups meanwhile", lookups.len()),
            median,
            high,
            Figure::time("lookup_slowest", "the slowest", slowest),
        ];
        Ok(Seen {
            measured: scene.measured(figures).await,
            all: until.saturating_sub(from),
            slowest: slowest.unwrap_or_default(),
        })
    }

    async fn probe(self, client: Client) -> (Vec<Exchange>, Vec<Exchange>) {
        let reports = async {
            let all = (0..self.reports).map(|_| client.get("reports", "/report"));
            join_all(all).await
        };
        tokio::pin!(reports);
        let mut ticks = tokio::time::interval(EVERY);
        ticks.tick().await;
        let mut asked = Vec::new();
        let reports = loop {
            tokio::select! {
                biased;
                reports = &mut reports => break reports,
                _ = ticks.tick() => {
                    let client = client.clone();
                    let asking = async move { client.get("look-up", "/lookup").await };
                    asked.push(tokio::spawn(asking));
                }
            }
        };
        (
            reports,
            join_all(asked).await.into_iter().flatten().collect(),
        )
    }
}
