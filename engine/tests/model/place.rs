//! Where the stores under trial keep their tasks, seen past them.

use std::collections::BTreeMap;

use glassworks_engine::Limits;
use glassworks_engine::store::postgres::PostgresStore;
use glassworks_engine::store::sqlite::SqliteStore;
use glassworks_engine::store::{Clock, Store};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio_postgres::Client;

use crate::server::Scratch;

/// Tasks by queue and state.
type Counts = BTreeMap<(String, i64), i64>;

/// The tables that are about tasks.
const ABOUT_TASKS: [&str; 4] = ["bodies", "results", "failures", "events"];

/// Where a store keeps its tasks.
pub(crate) enum Kept {
    /// In a file of this folder, with a connection past the store.
    File(TempDir, Option<Connection>),
    /// On a server, with a connection past the store.
    Server(Box<(Scratch, Client)>),
}

impl Kept {
    pub(crate) fn in_a_file() -> Self {
        Self::File(tempfile::tempdir().unwrap(), None)
    }

    pub(crate) async fn on_a_server() -> Self {
        let scratch = Scratch::new().await;
        let client = scratch.client().await;
        client
            .batch_execute("SET search_path TO glassworks")
            .await
            .unwrap();
        Self::Server(Box::new((scratch, client)))
    }

    /// Forgets everything. No store is open.
    pub(crate) async fn empty(&mut self) {
        match self {
            Self::File(folder, auditor) => {
                *auditor = None;
                *folder = tempfile::tempdir().unwrap();
            }
            Self::Server(kept) => {
                let tables = "TRUNCATE tasks, bodies, results, failures, events, tags, counts, \
                    queues, schedules, requests";
                kept.1.batch_execute(tables).await.unwrap();
            }
        }
    }

    pub(crate) async fn open(&mut self, limits: Limits, clock: Clock) -> Box<dyn Store> {
        match self {
            Self::File(folder, auditor) => {
                let file = folder.path().join("tasks.db");
                let store = SqliteStore::open_with_clock(&file, limits, clock).unwrap();
                *auditor = Some(Connection::open(&file).unwrap());
                Box::new(store)
            }
            Self::Server(kept) => {
                let store = PostgresStore::open_with_clock(kept.0.address(), limits, clock);
                Box::new(store.await.unwrap())
            }
        }
    }

    /// How many tasks there are, as the store has counted them and as they are.
    pub(crate) async fn counts_by_queue(&self) -> (Counts, Counts) {
        let counted = "SELECT queue, state, CAST(sum(tasks) AS bigint) FROM counts \
            GROUP BY queue, state HAVING sum(tasks) <> 0";
        let tasks = "SELECT queue, state, count(*) FROM tasks GROUP BY queue, state";
        (self.tally(counted).await, self.tally(tasks).await)
    }

    async fn tally(&self, sql: &str) -> Counts {
        match self {
            Self::File(_, auditor) => {
                let mut statement = auditor.as_ref().unwrap().prepare_cached(sql).unwrap();
                let rows =
                    statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)));
                rows.unwrap().collect::<Result<_, _>>().unwrap()
            }
            Self::Server(kept) => {
                let rows = kept.1.query(sql, &[]).await.unwrap();
                rows.iter()
                    .map(|row| ((row.get(0), row.get::<_, i16>(1).into()), row.get(2)))
                    .collect()
            }
        }
    }

    /// The tables that have something of a task that is not there.
    pub(crate) async fn orphans(&self) -> Vec<&'static str> {
        let mut found = Vec::new();
        for table in ABOUT_TASKS {
            let is_there = match self {
                Self::File(_, auditor) => auditor
                    .as_ref()
                    .unwrap()
                    .query_row(
                        &format!(
                            "SELECT EXISTS (SELECT 1 FROM {table} \
                             WHERE row NOT IN (SELECT row FROM tasks))"
                        ),
                        [],
                        |row| row.get(0),
                    )
                    .unwrap(),
                Self::Server(kept) => {
                    let sql = format!(
                        "SELECT EXISTS (SELECT 1 FROM {table} \
                         WHERE task NOT IN (SELECT id FROM tasks))"
                    );
                    kept.1.query_one(&sql, &[]).await.unwrap().get(0)
                }
            };
            if is_there {
                found.push(table);
            }
        }
        found
    }
}
