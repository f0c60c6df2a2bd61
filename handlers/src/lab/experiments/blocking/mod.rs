//! A handler that blocks its thread, and what that does to everybody else.

mod broken;
mod fixed;
mod spawn_blocking;

use std::time::Duration;

use axum::Router;
use futures::future::join_all;
use glassworks_engine::TaskError;
use glassworks_protocol::FieldError;
use utoipa::openapi::Object;

use super::{Experiment, Shown, Variant, variants};
use crate::lab::parameters::{Parameters, choice, parameters};
use crate::lab::prober::{Client, Connections, Exchange};
use crate::lab::report::{Figure, Measured, latency, spoken};
use crate::lab::stage::Stage;

variants! {
    "blocking";
    "broken": "broken.rs", "std::thread::sleep in the handler";
    "fixed": "fixed.rs", "tokio::time::sleep in the handler";
    "spawn_blocking": "spawn_blocking.rs", "std::thread::sleep under spawn_blocking";
}

/// Pings before the work begins, and for so long after it.
const AROUND: Duration = Duration::from_millis(200);
/// What may block one thread, all requests that work together, in milliseconds: for so long nothing
/// can stop it.
const LONGEST_MS: u32 = 10_000;
/// Pings of one variant.
const MOST_PINGS: u32 = 300;

parameters! {
    /// One request works for a while; another endpoint, `/ping`, is asked all the time.
    Blocking(CurrentThread) {
        /// How long the work takes, in milliseconds.
        #[schema(minimum = 50, maximum = 3000)]
        work_ms: u32 = 1_000,
        /// How many requests work at the same time.
        #[schema(minimum = 1, maximum = 16)]
        workers_busy: u8 = 1,
        /// How often `/ping` is asked, in milliseconds, whether or not it has answered.
        #[schema(minimum = 5, maximum = 500)]
        ping_every_ms: u32 = 50,
        /// Whether the request that works comes on a connection that was used before, as a
        /// browser's would.
        #[schema(schema_with = work_connection)]
        work_connection: Connections = Connections::KeepAlive,
        /// On which connections the pings come.
        #[schema(schema_with = ping_connections)]
        ping_connections: Connections = Connections::KeepAlive,
    }
}

fn work_connection() -> Object {
    let about = "Whether the request that works comes on a connection that was used before, as a \
                 browser's would.";
    choice(about, ["keep_alive", "new"])
}

fn ping_connections() -> Object {
    choice(
        "On which connections the pings come.",
        ["keep_alive", "new"],
    )
}

impl Parameters for Blocking {
    fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let whole = self.work_ms + 2 * 200;
        if whole / self.ping_every_ms >= MOST_PINGS {
            let detail = format!("makes more than {MOST_PINGS} pings with this `work_ms`");
            errors.push(FieldError::new("/ping_every_ms", detail));
        }
        if self.work_ms * u32::from(self.workers_busy) > LONGEST_MS {
            let detail = format!("makes more than {LONGEST_MS} ms with this `work_ms`");
            errors.push(FieldError::new("/workers_busy", detail));
        }
        errors
    }
}

impl Experiment for Blocking {
    async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError> {
        let wait = Duration::from_millis(self.work_ms.into());
        // Side by side: all that the variants do is to wait, so none takes time from another.
        let (broken, fixed, offloaded) = futures::try_join!(
            self.variant(stage, &VARIANTS[0], move || broken::routes(wait)),
            self.variant(stage, &VARIANTS[1], move || fixed::routes(wait)),
            self.variant(stage, &VARIANTS[2], move || spawn_blocking::routes(wait)),
        )?;
        let phenomenon = format!(
            "While the blocking handler worked for {}, {} of {} pings stalled, the slowest for {}. \
             With the async handler {} of {} did, the slowest took {}; under spawn_blocking {} of \
             {}, the slowest took {}.",
            spoken(wait),
            broken.stalled,
            broken.during,
            spoken(broken.slowest),
            fixed.stalled,
            fixed.during,
            spoken(fixed.slowest),
            offloaded.stalled,
            offloaded.during,
            spoken(offloaded.slowest),
        );
        Ok(Shown {
            variants: vec![broken.measured, fixed.measured, offloaded.measured],
            phenomenon,
        })
    }
}

struct Seen {
    measured: Measured,
    during: usize,
    stalled: usize,
    slowest: Duration,
}

impl Blocking {
    async fn variant(
        &self,
        stage: &Stage<'_>,
        variant: &'static Variant,
        routes: impl FnOnce() -> Router + Send + 'static,
    ) -> Result<Seen, TaskError> {
        let scene = stage
            .scene(variant, self.runtime(), "{}/work & curl {}/ping", routes)
            .await?;
        let plan = self.clone();
        let (work, pings) = scene
            .probe(self.ping_connections, move |client| plan.probe(client))
            .await?;
        let from = work.iter().map(|work| work.sent).min().unwrap_or_default();
        let until = work.iter().map(|work| work.done).max().unwrap_or_default();
        let during: Vec<&Exchange> = pings
            .iter()
            .filter(|ping| (from..until).contains(&ping.sent))
            .collect();
        // A ping needs a millisecond; who waits for a quarter of the work has been held up by it.
        let limit = Duration::from_millis(self.work_ms.into()) / 4;
        let stalled = during.iter().filter(|ping| ping.took() > limit).count();
        let slowest = during.iter().map(|ping| ping.took()).max();
        let [median, high] = latency(
            [
                ("ping_p50", "a ping while the work goes on, median"),
                ("ping_p99", "99th percentile"),
            ],
            during.iter().copied(),
        );
        let figures = vec![
            Figure::count("pings", "pings while the work went on", during.len()),
            Figure::count("pings_stalled", "of them stalled", stalled),
            median,
            high,
            Figure::time("ping_slowest", "the slowest", slowest),
            Figure::time("work", "the work", until.saturating_sub(from)),
        ];
        Ok(Seen {
            measured: scene.measured(figures).await,
            during: during.len(),
            stalled,
            slowest: slowest.unwrap_or_default(),
        })
    }

    /// Pings at a steady pace, and sets the work going in the midst of them.
    async fn probe(self, client: Client) -> (Vec<Exchange>, Vec<Exchange>) {
        let busy = usize::from(self.workers_busy);
        // A connection each, so that no ping waits for another on the same one.
        let workers = client.apart(self.work_connection);
        join_all((0..busy).map(|_| workers.get("warm-up", "/ping"))).await;
        join_all((0..4).map(|_| client.get("warm-up", "/ping"))).await;

        let wait = Duration::from_millis(self.work_ms.into());
        let every = Duration::from_millis(self.ping_every_ms.into());
        let work = async {
            tokio::time::sleep(AROUND).await;
            join_all((0..busy).map(|_| workers.get("work", "/work"))).await
        };
        let pings = async {
            let mut ticks = tokio::time::interval(every);
            let count = (wait + 2 * AROUND).as_millis() / every.as_millis();
            let mut sent = Vec::new();
            for _ in 0..count {
                ticks.tick().await;
                let client = client.clone();
                sent.push(tokio::spawn(
                    async move { client.get("ping", "/ping").await },
                ));
            }
            join_all(sent).await.into_iter().flatten().collect()
        };
        tokio::join!(work, pings)
    }
}
