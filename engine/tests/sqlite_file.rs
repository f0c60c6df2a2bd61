//! What is true of the SQLite file alone: what a fault or a close leaves in it, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/store.rs"]
mod support;

use std::fs;
use std::path::Path;

use glassworks_engine::Limits;
use glassworks_engine::store::Store;
use glassworks_engine::store::sqlite::{OpenError, SqliteStore};
use rusqlite::Connection;
use support::{claim, picture, row, submit};
use tempfile::tempdir;

fn open(file: &Path) -> SqliteStore {
    SqliteStore::open(file, Limits::default()).unwrap()
}

fn execute(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_store_that_could_not_even_read_recovers_when_the_fault_is_over() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let store = open(&file);
    let id = submit(&store, row()).await;
    execute(&file, "ALTER TABLE counts RENAME TO mislaid");
    for _ in 0..2 {
        let batch = vec![glassworks_engine::store::Write::Submit(vec![row()])];
        store.commit(batch).await.unwrap_err();
    }
    execute(&file, "ALTER TABLE mislaid RENAME TO counts");
    assert_eq!(claim(&store, 9).await.ids(), [id]);
    assert_eq!(picture(&store).await.len(), 1);
}

#[tokio::test]
async fn a_closed_store_is_one_file() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let store = open(&file);
    submit(&store, row()).await;
    picture(&store).await;
    drop(store);
    let left = fs::metadata(folder.path().join("tasks.db-wal"));
    assert!(left.is_err(), "a copy of the file alone would lose tasks");
    let copy = folder.path().join("copy.db");
    fs::copy(&file, &copy).unwrap();
    assert_eq!(picture(&open(&copy)).await.len(), 1);
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let refused = |file: &Path| SqliteStore::open(file, Limits::default()).err().unwrap();

    fs::write(
        &file,
        "not a database, but long enough to look like one: ".repeat(9),
    )
    .unwrap();
    assert!(matches!(refused(&file), OpenError::Foreign));
    assert!(fs::read(&file).unwrap().starts_with(b"not a database"));

    fs::remove_file(&file).unwrap();
    execute(&file, "CREATE TABLE theirs (a)");
    assert!(matches!(refused(&file), OpenError::Foreign));

    fs::remove_file(&file).unwrap();
    drop(open(&file));
    execute(&file, "PRAGMA user_version = 999");
    assert!(matches!(refused(&file), OpenError::TooNew));

    let nowhere = folder.path().join("no/such/folder/tasks.db");
    assert!(matches!(refused(&nowhere), OpenError::Unreachable(_)));
}

#[tokio::test]
async fn a_file_is_one_stores_at_a_time() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let first = open(&file);
    let second = SqliteStore::open(&file, Limits::default());
    assert!(matches!(second.err().unwrap(), OpenError::Locked));
    drop(first);
    drop(open(&file));
}
