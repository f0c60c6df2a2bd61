//! An endpoint that asks several others: in sequence, all at once, or some at once.

mod bounded;
mod broken;
mod fixed;
mod upstream;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use glassworks_engine::TaskError;
use glassworks_protocol::FieldError;
use serde_json::json;

use super::{Experiment, Shown, Variant, variants};
use crate::lab::parameters::{Parameters, parameters};
use crate::lab::prober::Connections;
use crate::lab::report::{Figure, Measured, spoken};
use crate::lab::stage::Stage;
use crate::lab::threads::RuntimePlan;
use crate::lab::victim::Victim;
use upstream::Upstream;

variants! {
    "fan_out";
    "broken": "broken.rs", "one upstream after the other";
    "fixed": "fixed.rs", "all upstreams at the same time";
    "bounded": "bounded.rs", "at most some at the same time";
}

parameters! {
    /// `/aggregate` asks slow services over HTTP and puts their answers together.
    FanOut(MultiThread) {
        /// How long each upstream takes to answer, in milliseconds.
        #[schema(min_items = 1, max_items = 20)]
        upstreams_ms: Vec<u32> = vec![500, 1_000, 750],
        /// How many the bounded variant asks at the same time.
        #[schema(minimum = 1, maximum = 20)]
        at_once: u8 = 2,
    }
}

impl Parameters for FanOut {
    fn check(&self) -> Vec<FieldError> {
        let all = self.upstreams_ms.iter().enumerate();
        all.filter(|(_, takes_ms)| !(1..=3_000).contains(*takes_ms))
            .map(|(index, _)| {
                FieldError::new(format!("/upstreams_ms/{index}"), "expected 1 to 3000")
            })
            .collect()
    }
}

/// How many requests an upstream server had at the same time.
#[derive(Clone, Debug, Default)]
struct Crowd {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

async fn wait(State(crowd): State<Crowd>, Path(takes_ms): Path<u64>) -> String {
    let now = crowd.now.fetch_add(1, Ordering::SeqCst) + 1;
    crowd.most.fetch_max(now, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(takes_ms)).await;
    crowd.now.fetch_sub(1, Ordering::SeqCst);
    format!("answered after {takes_ms} ms\n")
}

impl Experiment for FanOut {
    async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError> {
        let at_once = usize::from(self.at_once);
        // Side by side: every server here only waits.
        let (broken, fixed, bounded) = futures::try_join!(
            self.variant(stage, &VARIANTS[0], broken::routes),
            self.variant(stage, &VARIANTS[1], fixed::routes),
            self.variant(stage, &VARIANTS[2], move |all| bounded::routes(
                all, at_once
            )),
        )?;
        let millis = |of: u32| Duration::from_millis(of.into());
        let sum: Duration = self.upstreams_ms.iter().copied().map(millis).sum();
        let longest = self.upstreams_ms.iter().copied().map(millis).max();
        let phenomenon = format!(
            "In sequence the {} upstreams took {}, about their sum ({}). All at once they took {}, \
             about the longest of them ({}), with {} at the same time; at most {at_once} at once, {}.",
            self.upstreams_ms.len(),
            spoken(broken.total),
            spoken(sum),
            spoken(fixed.total),
            spoken(longest.unwrap_or_default()),
            fixed.most,
            spoken(bounded.total),
        );
        Ok(Shown {
            variants: vec![broken.measured, fixed.measured, bounded.measured],
            phenomenon,
        })
    }
}

struct Seen {
    measured: Measured,
    total: Duration,
    most: usize,
}

impl FanOut {
    async fn variant(
        &self,
        stage: &Stage<'_>,
        variant: &'static Variant,
        routes: impl FnOnce(Vec<Upstream>) -> Router + Send + 'static,
    ) -> Result<Seen, TaskError> {
        let crowd = Crowd::default();
        let services = Router::new()
            .route("/wait/{takes_ms}", get(wait))
            .with_state(crowd.clone());
        let starting = Victim::start(stage.threads, stage.clock, RuntimePlan::SINGLE, || {
            std::future::ready(services)
        });
        let services = stage.unless_stopped(starting).await??;
        let upstreams: Vec<Upstream> = (0..)
            .zip(&self.upstreams_ms)
            .map(|(number, takes_ms)| Upstream {
                address: services.address,
                number,
                takes_ms: *takes_ms,
            })
            .collect();
        let asked = upstreams.clone();
        let scene = stage
            .scene(variant, self.runtime(), "{}/aggregate", move || {
                routes(asked)
            })
            .await?;
        let whole = scene
            .probe(Connections::New, async move |client| {
                client.get("aggregate", "/aggregate").await
            })
            .await?;
        for upstream in &upstreams {
            let Some(times) = services.received.of(upstream.number) else {
                continue;
            };
            let times = (times.received, times.answered.unwrap_or(whole.done));
            let track = format!("upstream {}", upstream.number + 1);
            let name = format!("GET /wait/{}", upstream.takes_ms);
            scene
                .inside(&track, name, times, json!({"upstream": true}))
                .await;
        }
        let most = crowd.most.load(Ordering::SeqCst);
        let answers = whole.text.lines().count();
        let figures = vec![
            Figure::time("total", "the whole answer", whole.took()),
            Figure::count("upstreams", "upstreams that answered", answers),
            Figure::count("most_at_once", "most at the same time", most),
        ];
        Ok(Seen {
            measured: scene.measured(figures).await,
            total: whole.took(),
            most,
        })
    }
}
