//! Where an experiment runs: it starts servers and probers, records what they tell, and cleans up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use glassworks_engine::{Run, TaskError};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::beats::{Beats, Stretch};
use super::clock::{Clock, millis};
use super::experiments::Variant;
use super::prober::{Client, Connections, Exchange};
use super::report::{Figure, Measured};
use super::threads::{RuntimePlan, Threads};
use super::victim::Victim;

/// How often heartbeats are told.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// Spans of one run. The engine keeps more events than these and the rest are.
const SPANS: u32 = 5_000;

/// Where an experiment runs.
pub(crate) struct Stage<'a> {
    run: &'a Run,
    pub(crate) clock: Clock,
    pub(crate) threads: &'a Threads,
    spans: AtomicU32,
}

/// One variant on the stage.
pub(crate) struct Scene<'a> {
    stage: &'a Stage<'a>,
    variant: &'static Variant,
    started: Duration,
    pub(crate) victim: Victim,
    observer: Beats,
    requests: Arc<AtomicU32>,
    curl: String,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(run: &'a Run, clock: Clock, threads: &'a Threads) -> Self {
        Self {
            run,
            clock,
            threads,
            spans: AtomicU32::new(0),
        }
    }

    /// Prints a line, or several.
    pub(crate) async fn say(&self, text: impl Into<String>) {
        let text = text.into() + "\n";
        self.run.print(text).await;
    }

    pub(crate) async fn progress(&self, fraction: f64, message: &str) {
        self.run.progress(fraction, message).await;
    }

    pub(crate) async fn sleep(&self, span: Duration) -> Result<(), TaskError> {
        self.run.sleep(span).await
    }

    /// What `work` comes to; an error as soon as the run is to stop.
    pub(crate) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, TaskError> {
        tokio::select! {
            biased;
            () = self.run.cancelled() => Err(TaskError::cancelled()),
            outcome = work => Ok(outcome),
        }
    }

    /// Starts a variant's server. `curl` is the rest of the command to try it by hand, with `{}`
    /// for the server's address.
    pub(crate) async fn scene(
        &'a self,
        variant: &'static Variant,
        plan: RuntimePlan,
        curl: &str,
        routes: impl FnOnce() -> Router + Send + 'static,
    ) -> Result<Scene<'a>, TaskError> {
        self.scene_with(variant, plan, curl, move || std::future::ready(routes()))
            .await
    }

    /// As [`scene`](Self::scene), of routes that take their time.
    pub(crate) async fn scene_with<F: Future<Output = Router>>(
        &'a self,
        variant: &'static Variant,
        plan: RuntimePlan,
        curl: &str,
        routes: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Scene<'a>, TaskError> {
        let starting = Victim::start(self.threads, self.clock, plan, routes);
        let victim = self.unless_stopped(starting).await??;
        let curl = format!(
            "curl {}",
            curl.replace("{}", &format!("http://{}", victim.address))
        );
        self.say(format!(
            "{}: {}\n  try it: {curl}",
            variant.name, variant.title
        ))
        .await;
        let started = self.clock.now();
        let attributes = json!({"title": variant.title, "curl": curl});
        self.mark(variant, "listening", (started, started), attributes)
            .await;
        Ok(Scene {
            stage: self,
            variant,
            started,
            victim,
            observer: Beats::new(self.clock),
            requests: Arc::default(),
            curl,
        })
    }

    /// Records a piece of work on a row of the time line.
    pub(crate) async fn span(
        &self,
        variant: &Variant,
        track: &str,
        name: impl Into<String> + Send,
        times: (Duration, Duration),
        attributes: Value,
    ) {
        if self.spans.fetch_add(1, Ordering::Relaxed) < SPANS {
            self.told(variant, track, name, times, attributes).await;
        }
    }

    /// Records something that happens once to each variant's server, however many spans there are.
    async fn mark(
        &self,
        variant: &Variant,
        name: &str,
        times: (Duration, Duration),
        attributes: Value,
    ) {
        self.told(variant, "server", name, times, attributes).await;
    }

    async fn told(
        &self,
        variant: &Variant,
        track: &str,
        name: impl Into<String> + Send,
        times: (Duration, Duration),
        attributes: Value,
    ) {
        let mut all = Map::new();
        all.insert("variant".to_owned(), json!(variant.name));
        if let Value::Object(more) = attributes {
            all.extend(more);
        }
        let track = format!("{} · {track}", variant.name);
        self.run.span(name, track, times, all).await;
    }

    pub(crate) async fn tell_beats(&self, variant: &Variant, whose: &str, beats: &Beats) {
        for Stretch { start, end, silent } in beats.take() {
            let name = if silent { "silent" } else { "beating" };
            let attributes = json!({"heartbeat": true, "silent": silent});
            self.span(variant, whose, name, (start, end), attributes)
                .await;
        }
    }
}

impl Scene<'_> {
    /// Polls `plan` on a thread of its own, and records its requests as they are done.
    pub(crate) async fn probe<T, F>(
        &self,
        connections: Connections,
        plan: impl FnOnce(Client) -> F + Send + 'static,
    ) -> Result<T, TaskError>
    where
        T: Send + 'static,
        F: Future<Output = T>,
    {
        let (tell, mut heard) = mpsc::unbounded_channel();
        let client = Client::new(
            self.victim.address,
            connections,
            self.stage.clock,
            self.victim.received.clone(),
            tell,
            Arc::clone(&self.requests),
        );
        let observer = self.observer.clone();
        let threads = self.stage.threads;
        let mut outcome = threads.run("lab-prober", RuntimePlan::SINGLE, async move |teller| {
            let beating = tokio::spawn(observer.beat());
            let outcome = plan(client).await;
            beating.abort();
            teller.tell(outcome);
        })?;
        let mut ticks = tokio::time::interval(TELL_EVERY);
        loop {
            tokio::select! {
                biased;
                () = self.stage.run.cancelled() => return Err(TaskError::cancelled()),
                Some(exchange) = heard.recv() => self.record(&exchange).await,
                outcome = &mut outcome => {
                    while let Ok(exchange) = heard.try_recv() {
                        self.record(&exchange).await;
                    }
                    self.tell_beats().await;
                    return outcome.map_err(|_| TaskError::new("a prober of the lab ended early"));
                }
                _ = ticks.tick() => self.tell_beats().await,
            }
        }
    }

    async fn tell_beats(&self) {
        let (stage, variant) = (self.stage, self.variant);
        stage
            .tell_beats(variant, "server's heartbeat", &self.victim.beats)
            .await;
        stage
            .tell_beats(variant, "observer's heartbeat", &self.observer)
            .await;
    }

    async fn record(&self, exchange: &Exchange) {
        let attributes = json!({
            "request": exchange.number,
            "sent_ms": millis(exchange.sent),
            "received_ms": exchange.server.map(|times| millis(times.received)),
            "answered_ms": exchange.server.and_then(|times| times.answered).map(millis),
            "first_byte_ms": exchange.first_byte.map(millis),
            "done_ms": millis(exchange.done),
            "status": exchange.status.map(|status| status.as_u16()),
            "bytes": exchange.bytes,
            "connection": if exchange.kept_alive { "kept alive" } else { "new" },
            "failure": exchange.failure,
        });
        let name = format!("{} {}", exchange.method, exchange.path);
        let times = (exchange.sent, exchange.done);
        self.stage
            .span(self.variant, exchange.track, name, times, attributes)
            .await;
    }

    /// Records what happened inside the server, on a row of its own.
    pub(crate) async fn inside(
        &self,
        track: &str,
        name: impl Into<String> + Send,
        times: (Duration, Duration),
        attributes: Value,
    ) {
        self.stage
            .span(self.variant, track, name, times, attributes)
            .await;
    }

    /// Closes the account of this variant, and prints it.
    pub(crate) async fn measured(&self, figures: Vec<Figure>) -> Measured {
        self.tell_beats().await;
        let ended = self.stage.clock.now();
        let measured = Measured {
            variant: self.variant.name,
            title: self.variant.title,
            curl: self.curl.clone(),
            started_ms: millis(self.started),
            ended_ms: millis(ended),
            requests: self.requests.load(Ordering::Relaxed),
            figures,
            victim_silence_ms: millis(self.victim.beats.longest_silence()),
            observer_silence_ms: millis(self.observer.longest_silence()),
        };
        // At once, since the result comes only when the servers are gone.
        let attributes = json!({"measured": measured});
        self.stage
            .mark(self.variant, "measured", (self.started, ended), attributes)
            .await;
        self.stage.say(measured.to_string()).await;
        measured
    }
}
