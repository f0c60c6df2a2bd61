//! The SQLite store as a subject of the suite.

use std::path::PathBuf;

use futures::FutureExt;
use futures::future::BoxFuture;
use glassworks_engine::Limits;
use glassworks_engine::store::sqlite::SqliteStore;
use glassworks_engine::store::{Clock, Store};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::bench::{POISON, Place};

/// A database file in a throw-away folder.
pub(crate) struct Sqlite(TempDir);

impl Sqlite {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("tasks.db")
    }

    fn execute(&self, sql: &str) {
        let connection = Connection::open(self.file()).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

impl Place for Sqlite {
    fn open(&self, limits: Limits, clock: Clock) -> BoxFuture<'_, Box<dyn Store>> {
        let store = SqliteStore::open_with_clock(&self.file(), limits, clock).unwrap();
        let store: Box<dyn Store> = Box::new(store);
        futures::future::ready(store).boxed()
    }

    fn spoil(&self) -> BoxFuture<'_, ()> {
        self.execute(&format!(
            "CREATE TRIGGER spoiled BEFORE INSERT ON events WHEN NEW.body LIKE '%{POISON}%'
             BEGIN SELECT RAISE(ABORT, 'spoiled'); END"
        ));
        futures::future::ready(()).boxed()
    }

    fn mend(&self) -> BoxFuture<'_, ()> {
        self.execute("DROP TRIGGER spoiled");
        futures::future::ready(()).boxed()
    }
}
