//! A slow handler with and without a time limit, and code that no time limit can stop.

mod broken;
mod finished;
mod fixed;
mod on_blocking;
mod on_spawn_blocking;

use std::time::Duration;

use axum::Router;
use glassworks_engine::TaskError;
use serde_json::json;

use super::{Experiment, Shown, Variant, variants};
use crate::lab::parameters::{Parameters, parameters};
use crate::lab::prober::{Connections, Exchange};
use crate::lab::report::{Figure, Measured, spoken};
use crate::lab::stage::Stage;
use finished::Work;

variants! {
    "time_limit";
    "broken": "broken.rs", "no time limit";
    "fixed": "fixed.rs", "a time limit on async code";
    "limit_on_blocking": "on_blocking.rs", "the same limit on code that blocks";
    "limit_on_spawn_blocking": "on_spawn_blocking.rs", "the same limit on spawn_blocking";
}

parameters! {
    /// `/report` takes longer than its client should have to wait.
    Timeout(MultiThread) {
        /// How long a report takes, in milliseconds.
        #[schema(minimum = 20, maximum = 3000)]
        work_ms: u32 = 1_000,
        /// The time limit, in milliseconds.
        #[schema(minimum = 1, maximum = 3000)]
        limit_ms: u32 = 200,
    }
}

impl Parameters for Timeout {}

impl Experiment for Timeout {
    async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError> {
        // Side by side: they wait, each on a runtime of its own.
        let (broken, fixed, blocking, offloaded) = futures::try_join!(
            self.variant(stage, &VARIANTS[0], broken::routes),
            self.variant(stage, &VARIANTS[1], fixed::routes),
            self.variant(stage, &VARIANTS[2], on_blocking::routes),
            self.variant(stage, &VARIANTS[3], on_spawn_blocking::routes),
        )?;
        let end = |seen: &Seen| match seen.worked {
            Some(after) => format!("its work ended after {}", spoken(after)),
            None => "its work never ended".to_owned(),
        };
        let phenomenon = format!(
            "Without a limit the answer came after {}. With a limit of {} on async code it was {} \
             after {}, and {}. Around code that blocks the same limit did nothing: {} after {}. \
             Around spawn_blocking it was {} after {}, but {}.",
            spoken(broken.answer.took()),
            spoken(Duration::from_millis(self.limit_ms.into())),
            status(&fixed.answer),
            spoken(fixed.answer.took()),
            end(&fixed),
            status(&blocking.answer),
            spoken(blocking.answer.took()),
            status(&offloaded.answer),
            spoken(offloaded.answer.took()),
            end(&offloaded),
        );
        let seen = [broken, fixed, blocking, offloaded];
        Ok(Shown {
            variants: seen.into_iter().map(|seen| seen.measured).collect(),
            phenomenon,
        })
    }
}

fn status(answer: &Exchange) -> u16 {
    answer.status.map_or(0, |status| status.as_u16())
}

struct Seen {
    measured: Measured,
    answer: Exchange,
    /// How long after the request was sent its work came to an end.
    worked: Option<Duration>,
}

impl Timeout {
    async fn variant(
        &self,
        stage: &Stage<'_>,
        variant: &'static Variant,
        routes: impl FnOnce(Work) -> Router + Send + 'static,
    ) -> Result<Seen, TaskError> {
        let work = Work {
            takes: Duration::from_millis(self.work_ms.into()),
            limit: Duration::from_millis(self.limit_ms.into()),
            clock: stage.clock,
            ended: std::sync::Arc::default(),
        };
        let given = work.clone();
        let scene = stage
            .scene(variant, self.runtime(), "-i {}/report", move || {
                routes(given)
            })
            .await?;
        let takes = work.takes;
        let answer = scene
            .probe(Connections::KeepAlive, async move |client| {
                client.get("warm-up", "/ping").await;
                let answer = client.get("report", "/report").await;
                // Work that nobody waits for any more would have come to its end by then.
                let rest = (takes + Duration::from_millis(250)).saturating_sub(answer.took());
                tokio::time::sleep(rest).await;
                answer
            })
            .await?;
        let ended = *work.ended.lock();
        if let Some(ended) = ended {
            let begun = answer.server.map_or(answer.sent, |times| times.received);
            let name = "the work, whoever waits";
            scene.inside("work", name, (begun, ended), json!({})).await;
        }
        let worked = ended.map(|ended| ended.saturating_sub(answer.sent));
        let figures = vec![
            Figure::count("status", "the answer's status", status(&answer).into()),
            Figure::time("answer", "the answer", answer.took()),
            Figure::time("work_ended", "the end of the work", worked),
        ];
        Ok(Seen {
            measured: scene.measured(figures).await,
            answer,
            worked,
        })
    }
}
