//! Threads with runtimes of their own, that end when the run does, whatever happens.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use glassworks_engine::TaskError;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// The flavour of a Tokio runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flavour {
    /// One thread for everything.
    CurrentThread,
    /// Worker threads that share the work.
    #[default]
    MultiThread,
}

/// What runtime a thread is to have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuntimePlan {
    pub(crate) flavour: Flavour,
    /// For a runtime of many threads.
    pub(crate) worker_threads: usize,
    /// Threads for blocking calls.
    pub(crate) blocking_threads: usize,
}

impl RuntimePlan {
    /// One thread for everything.
    pub(crate) const SINGLE: Self = Self {
        flavour: Flavour::CurrentThread,
        worker_threads: 1,
        blocking_threads: 16,
    };

    fn build(self, name: &str) -> std::io::Result<Runtime> {
        let mut builder = match self.flavour {
            Flavour::CurrentThread => Builder::new_current_thread(),
            Flavour::MultiThread => {
                let mut builder = Builder::new_multi_thread();
                builder.worker_threads(self.worker_threads);
                builder
            }
        };
        builder
            .enable_all()
            .max_blocking_threads(self.blocking_threads)
            .thread_name(name)
            .build()
    }
}

/// The threads of one run. They are asked to end when it is closed or dropped.
#[derive(Debug)]
pub(crate) struct Threads {
    running: TaskTracker,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
    /// The run's turn: given back when the last thread has ended, also when nobody waits for it.
    turn: Arc<OwnedSemaphorePermit>,
    /// Removed with the run.
    directories: Mutex<Vec<TempDir>>,
}

/// Where a thread's work tells something to whoever started it.
pub(crate) struct Teller<T>(oneshot::Sender<T>);

impl<T> Teller<T> {
    pub(crate) fn tell(self, news: T) {
        // Nobody may want to know any more.
        let _ = self.0.send(news);
    }
}

impl Threads {
    pub(crate) fn new(turn: OwnedSemaphorePermit) -> Self {
        let stop = CancellationToken::new();
        Self {
            running: TaskTracker::new(),
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
            turn: Arc::new(turn),
            directories: Mutex::default(),
        }
    }

    /// An empty directory, that is removed with the run.
    pub(crate) fn directory(&self) -> Result<PathBuf, TaskError> {
        let made = TempDir::with_prefix(format!("glassworks-lab-{}-", std::process::id()));
        let directory =
            made.map_err(|error| TaskError::new(format!("no directory for the lab: {error}")))?;
        let path = directory.path().to_owned();
        self.directories.lock().push(directory);
        Ok(path)
    }

    /// Polls what `work` makes on a thread of its own, with a runtime as `plan` says, until it is
    /// through or the run is over. The receiver gets what the work tells; an error says that it
    /// never will.
    pub(crate) fn run<T, F>(
        &self,
        name: &str,
        plan: RuntimePlan,
        work: impl FnOnce(Teller<T>) -> F + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, TaskError>
    where
        T: Send + 'static,
        F: Future<Output = ()>,
    {
        let failed =
            |error: std::io::Error| TaskError::new(format!("no thread for the lab: {error}"));
        let (teller, told) = oneshot::channel();
        let stop = self.stop.clone();
        let held = (self.running.token(), Arc::clone(&self.turn));
        let thread_name = name.to_owned();
        let body = move || {
            let held = held;
            if let Ok(runtime) = plan.build(&thread_name) {
                runtime.block_on(stop.run_until_cancelled(work(Teller(teller))));
                // Waits for its workers, and for blocking calls that have begun. Each is bounded.
                drop(runtime);
            }
            drop(held);
        };
        let thread = thread::Builder::new().name(name.to_owned());
        thread.spawn(body).map_err(failed)?;
        Ok(told)
    }

    /// Ends all threads and waits until they have: as long as their longest blocking call.
    pub(crate) async fn close(&self) {
        self.stop.cancel();
        self.running.close();
        self.running.wait().await;
    }
}
