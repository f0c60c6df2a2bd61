//! Copies of a SQLite file that is at work, and the look whether one is sound.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/store.rs"]
mod support;

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use glassworks_engine::Limits;
use glassworks_engine::store::sqlite::{BackupError, OpenError, SqliteStore, back_up, check};
use rusqlite::Connection;
use support::{claim, picture, row, submit};
use tempfile::tempdir;

fn open(file: &Path) -> SqliteStore {
    SqliteStore::open(file, Limits::default()).unwrap()
}

#[tokio::test]
async fn a_store_goes_on_from_a_copy() {
    let folder = tempdir().unwrap();
    let (file, copy) = (
        folder.path().join("tasks.db"),
        folder.path().join("copy.db"),
    );
    let store = open(&file);
    let first = submit(&store, row()).await;
    let second = submit(&store, row()).await;
    assert_eq!(claim(&store, 1).await.ids(), [first]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();

    assert_eq!(back_up(&file, &copy).unwrap(), 2);
    let copied = picture(&store).await;
    submit(&store, row()).await;

    let mode = fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else may read the copy either");
    assert_eq!(check(&copy).unwrap().tasks, 2);
    let restored = open(&copy);
    assert_eq!(picture(&restored).await, copied);
    assert_eq!(claim(&restored, 9).await.ids(), [second]);
    assert!(!folder.path().join("copy.db.part").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_are_made_while_a_store_commits_are_sound() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let store = Arc::new(open(&file));
    submit(&*store, row()).await;
    for number in 0..3_u64 {
        let copy = folder.path().join(format!("{number}.db"));
        let copying = {
            let (file, copy) = (file.clone(), copy.clone());
            tokio::task::spawn_blocking(move || back_up(&file, &copy).unwrap())
        };
        loop {
            submit(&*store, row()).await;
            if copying.is_finished() {
                break;
            }
        }
        let found = check(&copy).unwrap();
        assert_eq!(found.faults, [""; 0]);
        assert_eq!(found.tasks, copying.await.unwrap());
    }
}

#[tokio::test]
async fn a_backup_writes_over_nothing_and_leaves_nothing_behind() {
    let folder = tempdir().unwrap();
    let (file, copy) = (
        folder.path().join("tasks.db"),
        folder.path().join("copy.db"),
    );
    let part = folder.path().join("copy.db.part");
    drop(open(&file));
    fs::write(&copy, "mine").unwrap();
    let refused = back_up(&file, &copy).unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    assert_eq!(fs::read(&copy).unwrap(), b"mine");

    fs::remove_file(&copy).unwrap();
    fs::write(&part, "half").unwrap();
    let refused = back_up(&file, &copy).unwrap_err();
    assert!(matches!(refused, BackupError::UnderWay(_)), "{refused}");
    assert_eq!(fs::read(&part).unwrap(), b"half");
    fs::remove_file(&part).unwrap();

    let other = folder.path().join("other.db");
    let foreign = Connection::open(&other).unwrap();
    foreign.execute_batch("CREATE TABLE t (x)").unwrap();
    drop(foreign);
    let text = folder.path().join("text.db");
    fs::write(&text, "not a database at all".repeat(100)).unwrap();
    for foreign in [&other, &text] {
        let refused = back_up(foreign, &copy).unwrap_err();
        let is_told = matches!(refused, BackupError::Database(OpenError::Foreign));
        assert!(is_told, "{}: {refused}", foreign.display());
    }
    let refused = back_up(&folder.path().join("none.db"), &copy).unwrap_err();
    assert!(refused.to_string().contains("none.db"), "{refused}");
    assert!(!copy.exists() && !part.exists());
}

#[tokio::test]
async fn a_look_finds_damaged_pages_and_wrong_counts() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("tasks.db");
    let store = open(&file);
    for _ in 0..200 {
        submit(&store, row()).await;
    }
    drop(store);
    assert_eq!(check(&file).unwrap().faults, [""; 0]);

    let miscounted = folder.path().join("miscounted.db");
    back_up(&file, &miscounted).unwrap();
    let connection = Connection::open(&miscounted).unwrap();
    connection
        .execute("UPDATE counts SET tasks = tasks + 1", [])
        .unwrap();
    drop(connection);
    let faults = check(&miscounted).unwrap().faults;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("counted wrong"), "{faults:?}");

    let mut bytes = fs::OpenOptions::new().write(true).open(&file).unwrap();
    let pages = bytes.metadata().unwrap().len() / 4_096;
    for page in 5..pages {
        bytes.seek(SeekFrom::Start(page * 4_096)).unwrap();
        bytes.write_all(&[0xff; 64]).unwrap();
    }
    drop(bytes);
    let faults = check(&file).unwrap().faults;
    assert!(!faults.is_empty());
    let damaged = back_up(&file, &folder.path().join("copy.db")).unwrap_err();
    assert!(!folder.path().join("copy.db").exists(), "{damaged}");
}
