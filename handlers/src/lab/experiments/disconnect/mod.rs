//! A client that goes away, and what becomes of its work.

mod broken;
mod fixed;
mod order;
mod spawned;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use glassworks_engine::TaskError;
use serde_json::json;

use super::{Experiment, Shown, Variant, variants};
use crate::lab::node;
use crate::lab::parameters::{Parameters, parameters};
use crate::lab::prober::{Connections, Exchange};
use crate::lab::report::{Figure, Measured, spoken};
use crate::lab::stage::Stage;
use crate::lab::threads::RuntimePlan;
use order::Order;

variants! {
    "disconnect";
    "broken": "broken.rs", "the work is part of the request";
    "spawned": "spawned.rs", "the work is a task of the process";
    "fixed": "fixed.rs", "the work is a durable task";
}

/// How long a durable task's lease lasts. Nothing here is to expire.
const LEASE: Duration = Duration::from_secs(30);

parameters! {
    /// A client places an order and goes away before it has been worked on.
    Disconnect(MultiThread) {
        /// How long an order takes, in milliseconds.
        #[schema(minimum = 20, maximum = 10000)]
        work_ms: u32 = 1_000,
        /// When the client goes away, in milliseconds after it has sent its request.
        #[schema(minimum = 1, maximum = 10000)]
        leave_after_ms: u32 = 250,
    }
}

impl Parameters for Disconnect {}

impl Experiment for Disconnect {
    async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError> {
        let store = node::open(&stage.threads.directory()?).await?;
        let durable = self.order(stage);
        let handler = durable.clone();
        let starting = stage
            .threads
            .run("lab-node", RuntimePlan::SINGLE, async move |teller| {
                if let Ok(engine) = node::start(store, "lab", LEASE, handler).await {
                    teller.tell(engine.clone());
                    std::future::pending::<()>().await;
                    drop(engine);
                }
            })?;
        let refused = |_| TaskError::new("the lab's node did not start");
        let engine = stage.unless_stopped(starting).await?.map_err(refused)?;
        let (in_request, spawned) = (self.order(stage), self.order(stage));
        let (one, other) = (in_request.clone(), spawned.clone());
        // Side by side: all of them wait.
        let (broken, spawned, fixed) = futures::try_join!(
            self.variant(stage, &VARIANTS[0], in_request, move || broken::routes(one)),
            self.variant(stage, &VARIANTS[1], spawned, move || spawned::routes(other)),
            self.variant(stage, &VARIANTS[2], durable, move || fixed::routes(engine)),
        )?;
        let left = Duration::from_millis(self.leave_after_ms.into());
        let phenomenon = format!(
            "The client went away after {}. Work in the handler had come to {} % and stayed there; \
             the spawned task came to {} %; the durable task, whose client had its answer after {}, \
             to {} %.",
            spoken(left),
            broken.percent,
            spawned.percent,
            spoken(fixed.answer.took()),
            fixed.percent,
        );
        let seen = [broken, spawned, fixed];
        Ok(Shown {
            variants: seen.into_iter().map(|seen| seen.measured).collect(),
            phenomenon,
        })
    }
}

struct Seen {
    measured: Measured,
    answer: Exchange,
    percent: usize,
}

impl Disconnect {
    fn order(&self, stage: &Stage<'_>) -> Order {
        Order {
            takes: Duration::from_millis(self.work_ms.into()),
            clock: stage.clock,
            done: Arc::default(),
        }
    }

    async fn variant(
        &self,
        stage: &Stage<'_>,
        variant: &'static Variant,
        order: Order,
        routes: impl FnOnce() -> Router + Send + 'static,
    ) -> Result<Seen, TaskError> {
        let left = Duration::from_millis(self.leave_after_ms.into());
        let curl = "-i -X POST --max-time 0.25 {}/orders";
        let scene = stage.scene(variant, self.runtime(), curl, routes).await?;
        // Work that goes on has come to its end by then, on a busy machine, too.
        let settled = order.takes + Duration::from_millis(500);
        let watched = order.clone();
        let answer = scene
            .probe(Connections::New, async move |client| {
                let begun = client.clock().now();
                let answer = client.leave("order", "/orders", left).await;
                while watched.percent() < 100 && client.clock().now() < begun + settled {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                answer
            })
            .await?;
        let (steps, last) = *order.done.lock();
        if steps > 0 {
            let begun = answer.server.map_or(answer.sent, |times| times.received);
            let name = format!("the work, to {} %", order.percent());
            scene.inside("work", name, (begun, last), json!({})).await;
        }
        let answered = answer.status.map(|_| answer.took());
        let figures = vec![
            Figure::time("answer", "the answer, if there was one", answered),
            Figure::count(
                "work_percent",
                "of the work done, in percent",
                order.percent(),
            ),
            Figure::time(
                "last_step",
                "its last step",
                (steps > 0).then(|| last.saturating_sub(answer.sent)),
            ),
        ];
        Ok(Seen {
            measured: scene.measured(figures).await,
            percent: order.percent(),
            answer,
        })
    }
}
