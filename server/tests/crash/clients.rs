//! Clients that keep a server busy until it is killed, and note what it promised them.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use glassworks_protocol::{Task, TaskId};
use http::StatusCode;
use rand::RngExt as _;
use rand::rngs::SmallRng;
use tokio::time::sleep;

use crate::http::{Connection, NoAnswer};
use crate::work;

/// What clients asked for, and what was acknowledged of it.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    /// The label of every submit that was sent.
    pub(crate) sent: HashSet<String>,
    /// Every task that was answered with 202, as it was then.
    pub(crate) tasks: HashMap<TaskId, Task>,
    /// Every task that somebody asked to cancel.
    pub(crate) cancels_sent: HashSet<TaskId>,
    /// Those whose cancelling was answered with 202.
    pub(crate) cancels: HashSet<TaskId>,
}

impl Promises {
    pub(crate) fn add(&mut self, more: Self) {
        self.sent.extend(more.sent);
        self.tasks.extend(more.tasks);
        self.cancels_sent.extend(more.cancels_sent);
        self.cancels.extend(more.cancels);
    }
}

/// One client.
pub(crate) struct Client<'k> {
    /// Different for each client of each round.
    pub(crate) name: String,
    pub(crate) rng: SmallRng,
    /// Set just before the server is killed: from then on connections may break.
    pub(crate) killed: &'k Cell<bool>,
}

impl Client<'_> {
    /// Submits and cancels tasks until the server is killed.
    pub(crate) async fn keep_busy(mut self, address: SocketAddr) -> Result<Promises> {
        let mut promises = Promises::default();
        let Err(fault) = self.ask_on(address, &mut promises).await;
        let by_kill = self.killed.get() && fault.is::<NoAnswer>();
        ensure!(by_kill, "{}: {fault:#}", self.name);
        Ok(promises)
    }

    async fn ask_on(
        &mut self,
        address: SocketAddr,
        promises: &mut Promises,
    ) -> Result<std::convert::Infallible> {
        let mut connection = Connection::open(address).await?;
        let mut mine = Vec::new();
        for number in 1_u64.. {
            let label = format!("{}-{number}", self.name);
            mine.push(self.submit(&mut connection, label, promises).await?);
            if self.rng.random_bool(0.15) {
                // A late one more often than not: it may still wait or run.
                let back = self.rng.random_range(0..mine.len().min(5));
                let id = mine[mine.len() - 1 - back];
                cancel(&mut connection, id, promises).await?;
            }
            if self.rng.random_bool(0.5) {
                sleep(Duration::from_millis(self.rng.random_range(1..=15))).await;
            }
        }
        unreachable!("nobody counts as far")
    }

    async fn submit(
        &mut self,
        connection: &mut Connection,
        label: String,
        promises: &mut Promises,
    ) -> Result<TaskId> {
        let new = work::task(&mut self.rng, label.clone());
        promises.sent.insert(label);
        let answer = connection.post("/api/tasks", &new).await?;
        let task: Task = answer.read(StatusCode::ACCEPTED).context("a submit")?;
        // A unique key may have led to a task that stood already.
        let is_it = match &new.unique_key {
            Some(_) => task.unique_key == new.unique_key,
            None => task.tags == new.tags && task.payload == new.payload,
        };
        ensure!(is_it, "submitted {new:?} and was given {task:?}");
        let id = task.id;
        promises.tasks.insert(id, task);
        Ok(id)
    }
}

async fn cancel(connection: &mut Connection, id: TaskId, promises: &mut Promises) -> Result<()> {
    promises.cancels_sent.insert(id);
    let path = format!("/api/tasks/{id}/cancel");
    let answer = connection.post(&path, &()).await?;
    if answer.status == StatusCode::CONFLICT {
        // It was over.
        return Ok(());
    }
    let task: Task = answer.read(StatusCode::ACCEPTED).context("a cancel")?;
    ensure!(task.cancel_requested, "cancelled, it does not say so");
    promises.cancels.insert(id);
    Ok(())
}
