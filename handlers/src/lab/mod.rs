//! `lab`: experiments that break a real server on purpose, beside one that is right.
//!
//! Rooms, lowest first: `clock`, `beats` (heartbeats), `received` (the server's own times),
//! `threads` (threads that end with the run), `victim` (the server), `prober` (the client), `report`
//! (the result), `stage` (what an experiment runs on), `parameters`, `experiments`, `catalogue`
//! (what is taught by them).

mod beats;
pub mod catalogue;
mod clock;
mod experiments;
mod node;
mod panics;
mod parameters;
mod prober;
mod received;
mod report;
mod stage;
mod threads;
mod victim;

use std::sync::Arc;
use std::time::Duration;

use glassworks_engine::{Handler, Run, TaskError};
use glassworks_protocol::{FieldError, JsonText};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use clock::Clock;
pub use experiments::Payload;
use report::Report;
use stage::Stage;
use threads::Threads;

/// Runs at a time, where the operator says nothing.
pub const RUNS: u32 = 2;

/// How long a run waits for its turn before it is put off.
const TURN_WITHIN: Duration = Duration::from_secs(30);

/// What blocks cannot be stopped, so stopping takes as long: by the parameters' ranges at most ten
/// seconds on one thread.
const LONGEST_BLOCK: Duration = Duration::from_secs(12);

/// The kind `lab`.
#[derive(Clone, Debug)]
pub struct Lab {
    turns: Arc<Semaphore>,
}

impl Default for Lab {
    fn default() -> Self {
        Self::new(RUNS)
    }
}

impl Lab {
    /// Runs at most so many experiments at a time; others wait.
    pub fn new(runs: u32) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(runs as usize)),
        }
    }

    async fn turn(&self, run: &Run) -> Result<OwnedSemaphorePermit, TaskError> {
        let busy = || TaskError::unavailable("as many experiments run here as may at a time");
        if let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() {
            return Ok(turn);
        }
        run.progress(0.0, "waits until another experiment is over")
            .await;
        let turn = tokio::time::timeout(TURN_WITHIN, Arc::clone(&self.turns).acquire_owned());
        tokio::select! {
            biased;
            () = run.cancelled() => Err(TaskError::cancelled()),
            turn = turn => turn.map_err(|_| busy())?.map_err(|_| busy()),
        }
    }
}

impl Handler for Lab {
    const KIND: &'static str = "lab";
    const DESCRIPTION: &'static str = "Breaks a real async server on purpose, beside one that is \
                                       right, and measures both: every request is a span.";
    type Payload = Payload;

    fn example() -> Value {
        json!({"experiment": "blocking"})
    }

    fn check(&self, payload: &Payload) -> Result<(), Vec<FieldError>> {
        let errors = payload.check();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    fn stop_grace(&self) -> Duration {
        LONGEST_BLOCK
    }

    async fn run(&self, payload: Payload, run: &Run) -> Result<JsonText, TaskError> {
        let threads = Threads::new(self.turn(run).await?);
        let shown = async {
            let stage = Stage::new(run, Clock::of(run), &threads);
            let shown = payload.run(&stage).await?;
            stage.say(shown.phenomenon.as_str()).await;
            let hold = payload.hold();
            if !hold.is_zero() {
                stage.progress(1.0, "measured; the servers stay up").await;
                stage.sleep(hold).await?;
            }
            Ok::<_, TaskError>(shown)
        }
        .await;
        // Before anything is told of the outcome: the result means that nothing is left behind.
        threads.close().await;
        let shown = shown?;
        run.progress(1.0, "done").await;
        let report = Report {
            experiment: payload.name(),
            parameters: serde_json::to_value(&payload).unwrap_or_default(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            variants: shown.variants,
            phenomenon: shown.phenomenon,
        };
        let report = serde_json::to_value(report)
            .map_err(|error| TaskError::permanent(format!("the result cannot be told: {error}")))?;
        Ok(report.into())
    }
}
