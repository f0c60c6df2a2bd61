//! The figures of a node and its store.

use std::time::Duration;

use glassworks_protocol::{Figures, Percentiles, StateCounts, Stats, Throughput};

use super::Engine;
use super::answers::answer;
use crate::error::Error;
use crate::histogram::Durations;
use crate::limits::{Limits, Retention};

impl Engine {
    /// The figures that a page follows.
    pub async fn stats(&self) -> Result<Stats, Error> {
        let inner = &self.0;
        let tasks = answer("counts", inner.store.counts().await)?;
        Ok(Stats {
            node: inner.options.node.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: inner.started_at,
            uptime_ms: u64::try_from(inner.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            tasks,
            since_start: self.since_start(),
            workers: self.workers(),
            busy_workers: self.busy_workers(),
        })
    }

    /// The figures in full.
    pub async fn figures(&self) -> Result<Figures, Error> {
        let store = &self.0.store;
        let seconds = self.0.tally.seconds();
        Ok(Figures {
            stats: self.stats().await?,
            oldest_waiting_at: answer("oldest_waiting", store.oldest_waiting().await)?,
            throughput: Throughput {
                interval_ms: 1_000,
                submitted: seconds.iter().map(|second| second.submitted).collect(),
                completed: seconds.iter().map(|second| second.completed).collect(),
                failed: seconds.iter().map(|second| second.failed).collect(),
            },
            pick_up: percentiles(&self.pick_up()),
            run: percentiles(&self.run()),
            store: answer("figures", store.figures().await)?,
        })
    }

    /// How often tasks entered each state on this node since it started. Never touches the store.
    pub fn since_start(&self) -> StateCounts {
        self.0.tally.states()
    }

    /// How many tasks this node has accepted since it started.
    pub fn submitted_since_start(&self) -> u64 {
        self.0.tally.submitted()
    }

    /// How long tasks waited for their handler to start, from the moment they were due.
    pub fn pick_up(&self) -> Durations {
        self.0.tally.pick_up.read()
    }

    /// How long attempts ran.
    pub fn run(&self) -> Durations {
        self.0.tally.run.read()
    }

    /// How much of everything there may be.
    pub fn limits(&self) -> Limits {
        self.0.options.limits
    }

    /// How long what is over is kept.
    pub fn retention(&self) -> Retention {
        self.0.options.retention
    }

    /// How many tasks may run at a time on this node.
    pub fn workers(&self) -> u32 {
        self.0.options.workers
    }

    /// How many tasks run now on this node.
    pub fn busy_workers(&self) -> u32 {
        u32::try_from(self.0.runs.len()).unwrap_or(u32::MAX)
    }
}

fn percentiles(durations: &Durations) -> Percentiles {
    let millis = |share| {
        let found: Option<Duration> = durations.percentile(share);
        found.map(|took| took.as_secs_f64() * 1_000.0)
    };
    Percentiles {
        count: durations.count(),
        p50_ms: millis(0.5),
        p90_ms: millis(0.9),
        p99_ms: millis(0.99),
    }
}
