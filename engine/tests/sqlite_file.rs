//! What is true of the SQLite file alone: what a fault or a close leaves in it, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/store.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use glassworks_engine::store::sqlite::{OpenError, SqliteStore};
use glassworks_engine::store::{NewRow, Store, StoreFailure, Write};
use glassworks_engine::{Database, Limits};
use glassworks_protocol::Timestamp;
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
        let batch = vec![Write::Submit(vec![row()])];
        store.commit(batch).await.unwrap_err();
    }
    execute(&file, "ALTER TABLE mislaid RENAME TO counts");
    assert_eq!(claim(&store, 9).await.ids(), [id]);
    assert_eq!(picture(&store).await.len(), 1);
}

#[tokio::test]
async fn a_panic_fails_its_batch_and_nothing_after_it() {
    let folder = tempdir().unwrap();
    let broken = Arc::new(AtomicBool::new(false));
    let clock = {
        let broken = Arc::clone(&broken);
        Box::new(move || {
            assert!(!broken.load(Ordering::SeqCst), "the clock is broken");
            Timestamp::now()
        })
    };
    let file = folder.path().join("tasks.db");
    let store = SqliteStore::open_with_clock(&file, Limits::default(), clock).unwrap();
    let id = submit(&store, row()).await;
    broken.store(true, Ordering::SeqCst);
    let batch = vec![Write::Submit(vec![row()])];
    store.commit(batch).await.unwrap_err();
    broken.store(false, Ordering::SeqCst);
    assert_eq!(claim(&store, 9).await.ids(), [id]);
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
async fn a_file_is_one_stores_at_a_time_whatever_its_name() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let first = open(&file);
    let (soft, hard) = (folder.path().join("soft.db"), folder.path().join("hard.db"));
    std::os::unix::fs::symlink(&file, &soft).unwrap();
    fs::hard_link(&file, &hard).unwrap();
    for name in [&file, &soft, &hard] {
        let second = SqliteStore::open(name, Limits::default());
        assert!(
            matches!(second.err().unwrap(), OpenError::Locked),
            "{name:?}"
        );
    }
    let id = submit(&first, row()).await;
    drop(first);
    assert_eq!(claim(&open(&file), 9).await.ids(), [id]);
}

#[test]
fn a_name_that_is_no_files_is_refused() {
    for name in [
        "sqlite:file:x.db",
        "sqlite::memory:",
        "sqlite:",
        "sqlite://x.db",
        "x.db",
    ] {
        let refused = name.parse::<Database>().unwrap_err();
        assert!(refused.contains("sqlite:"), "{refused}");
    }
    for name in ["", ":memory:"] {
        let refused = SqliteStore::open(Path::new(name), Limits::default()).err();
        assert!(matches!(refused, Some(OpenError::Unreachable(_))), "{name}");
    }
    let folder = tempdir().unwrap();
    let refused = SqliteStore::open(folder.path(), Limits::default()).err();
    assert!(matches!(refused, Some(OpenError::Unreachable(_))));
}

/// Refuses what is submitted from now on, and says so.
async fn is_gone(store: &SqliteStore) {
    for _ in 0..2 {
        let error = store.commit(vec![Write::Submit(vec![row()])]).await;
        assert_eq!(error.unwrap_err().failure, StoreFailure::Gone);
    }
}

#[tokio::test]
async fn a_deleted_file_is_noticed_before_anything_is_acknowledged() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let store = open(&file);
    submit(&store, row()).await;
    fs::remove_file(&file).unwrap();
    is_gone(&store).await;
    drop(store);
    assert_eq!(picture(&open(&file)).await.len(), 0);
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_whole_and_a_backup_in_its_place_is_left_as_it_is() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let file = path("tasks.db");
    let kept = {
        let backup = open(&path("backup.db"));
        submit(&backup, row()).await
    };
    let store = open(&file);
    let mine = [submit(&store, row()).await, submit(&store, row()).await];
    fs::rename(&file, path("away.db")).unwrap();
    fs::rename(path("backup.db"), &file).unwrap();
    let backup = fs::read(&file).unwrap();
    is_gone(&store).await;
    drop(store);
    assert!(
        fs::read(&file).unwrap() == backup,
        "the backup was written to"
    );
    assert_eq!(claim(&open(&file), 9).await.ids(), [kept]);
    assert_eq!(claim(&open(&path("away.db")), 9).await.ids(), mine);
}

#[tokio::test]
async fn a_file_that_was_written_over_is_left_as_it_is() {
    for cut in [true, false] {
        let folder = tempdir().unwrap();
        let file = folder.path().join("tasks.db");
        submit(&open(&file), row()).await;
        let backup = fs::read(&file).unwrap();
        let store = open(&file);
        submit(&store, row()).await;
        // In place, as `cp` does it. Not read before through a descriptor that is closed again:
        // that would give up SQLite's locks in this process.
        let content = if cut { &[][..] } else { &backup[..] };
        fs::write(&file, content).unwrap();
        is_gone(&store).await;
        drop(store);
        assert!(fs::read(&file).unwrap() == content, "it was written to");
    }
}

#[tokio::test]
async fn a_log_that_does_not_continue_the_database_is_not_written_over_it() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let file = path("tasks.db");
    submit(&open(&file), row()).await;
    let backup = fs::read(&file).unwrap();
    for _ in 0..2 {
        submit(&open(&file), row()).await;
    }
    // As a killed process leaves it.
    let store = open(&file);
    submit(&store, row()).await;
    let (database, log) = (
        fs::read(&file).unwrap(),
        fs::read(path("tasks.db-wal")).unwrap(),
    );
    drop(store);
    let leave = |database: &[u8]| {
        fs::write(&file, database).unwrap();
        fs::write(path("tasks.db-wal"), &log).unwrap();
    };
    leave(&database);
    assert_eq!(picture(&open(&file)).await.len(), 4, "its own log is read");
    for other in [&backup[..], &[][..]] {
        leave(other);
        let refused = SqliteStore::open(&file, Limits::default()).err().unwrap();
        assert!(matches!(refused, OpenError::ForeignLog(_)), "{refused}");
        assert!(fs::read(&file).unwrap() == other, "it was written to");
    }
}

#[tokio::test]
async fn a_file_that_takes_no_change_is_refused_at_the_start() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    drop(open(&file));
    // A later format of writing, which SQLite may only read.
    let mut content = fs::read(&file).unwrap();
    content[18] = 3;
    fs::write(&file, &content).unwrap();
    let refused = SqliteStore::open(&file, Limits::default()).err().unwrap();
    assert!(matches!(refused, OpenError::Unreachable(_)), "{refused}");
}

#[tokio::test]
async fn another_programs_lock_is_told_from_a_fault() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let store = open(&file);
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.commit(vec![Write::Submit(vec![row()])]).await;
    assert_eq!(refused.unwrap_err().failure, StoreFailure::Busy);
    other.execute_batch("ROLLBACK").unwrap();
    submit(&store, row()).await;
}

/// Waits until something is so, and fails when it takes too long.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    waited.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test]
async fn a_damaged_page_is_told_of_after_the_start_and_for_as_long_as_it_runs() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let store = open(&file);
    for _ in 0..10 {
        submit(&store, row()).await;
    }
    assert!(store.fault().is_none());
    drop(store);
    let root: usize = Connection::open(&file)
        .unwrap()
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'bodies'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let mut content = fs::read(&file).unwrap();
    content[(root - 1) * 4_096..root * 4_096].fill(0x5a);
    fs::write(&file, &content).unwrap();
    let store = open(&file);
    until("the damage is found", || store.fault().is_some()).await;
    assert_eq!(store.fault().unwrap().failure, StoreFailure::Damaged);
    store.commit(vec![Write::Probe]).await.unwrap();
    assert!(store.fault().is_some(), "a success elsewhere mends nothing");
}

#[tokio::test]
async fn a_log_that_a_reader_held_is_emptied_when_it_has_gone_although_nothing_is_written() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let store = open(&file);
    let reader = Connection::open(&file).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM tasks").unwrap();
    let log = || {
        let log = fs::metadata(folder.path().join("tasks.db-wal"));
        log.unwrap().len()
    };
    let large = 48 * 1024 * 1024;
    while log() < large {
        let rows = (0..20).map(|_| NewRow {
            payload: format!("\"{}\"", "x".repeat(200_000)),
            ..row()
        });
        store
            .commit(vec![Write::Submit(rows.collect())])
            .await
            .unwrap();
    }
    let told = store.figures().await.unwrap().log_bytes;
    assert!(told >= large, "{told}");
    reader.execute_batch("COMMIT").unwrap();
    until("the log is emptied", || log() == 0).await;
}
