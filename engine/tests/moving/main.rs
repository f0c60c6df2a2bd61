//! Moving everything from one kind of store to the other and back, and what is refused on the way.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rich;
#[path = "../support/postgres.rs"]
mod server;
#[path = "../support/store.rs"]
mod support;

use std::collections::BTreeMap;
use std::io::{self, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use glassworks_engine::Database;
use glassworks_engine::moving::{MoveError, Moved, check, export, import};
use glassworks_engine::store::access::Caused;
use glassworks_engine::store::postgres::PostgresStore;
use glassworks_engine::store::sqlite::SqliteStore;
use glassworks_engine::store::{Lost, Outcome, Store, Write};
use glassworks_protocol::Actor;
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use rich::{Everything, everything, fill};
use server::Scratch;
use support::{ManualClock, claim, commit, expired, rescue, row, submit};

/// A database to move from or to.
enum Place {
    Sqlite(TempDir),
    Postgres(Scratch),
}

impl Place {
    fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    async fn postgres() -> Self {
        Self::Postgres(Scratch::empty().await)
    }

    /// One of each kind.
    async fn both() -> [Self; 2] {
        [Self::sqlite(), Self::postgres().await]
    }

    fn database(&self) -> Database {
        match self {
            Self::Sqlite(folder) => Database::Sqlite(file(folder)),
            Self::Postgres(scratch) => Database::Postgres(Box::new(scratch.address())),
        }
    }

    async fn try_open(&self, clock: &ManualClock) -> Result<Box<dyn Store>, String> {
        let clock = clock.for_store();
        Ok(match self {
            Self::Sqlite(folder) => {
                let opened = SqliteStore::open_with_clock(&file(folder), rich::limits(), clock);
                Box::new(opened.map_err(|error| error.to_string())?)
            }
            Self::Postgres(scratch) => {
                let address = scratch.address();
                let opened = PostgresStore::open_with_clock(address, rich::limits(), clock).await;
                Box::new(opened.map_err(|error| error.to_string())?)
            }
        })
    }

    async fn open(&self, clock: &ManualClock) -> Box<dyn Store> {
        self.try_open(clock).await.unwrap()
    }

    /// Past the store.
    async fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite(folder) => {
                let connection = Connection::open(file(folder)).unwrap();
                connection.execute_batch(sql).unwrap();
            }
            Self::Postgres(scratch) => {
                let client = scratch.client().await;
                let sql = format!("SET search_path TO glassworks; {sql}");
                client.batch_execute(&sql).await.unwrap();
            }
        }
    }

    async fn export(&self) -> Result<(String, Moved), MoveError> {
        let database = self.database();
        blocking(move || {
            let mut out = Vec::new();
            let moved = export(&database, &mut out, &mut |_| ())?;
            Ok((String::from_utf8(out).unwrap(), moved))
        })
        .await
    }

    async fn import(&self, input: impl Read + Send + 'static) -> Result<Moved, MoveError> {
        let database = self.database();
        blocking(move || import(&database, &mut BufReader::new(input), &mut |_| ())).await
    }

    async fn import_text(&self, text: &str) -> Result<Moved, MoveError> {
        self.import(Cursor::new(text.to_owned())).await
    }
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("tasks.db")
}

/// Moving blocks, and has a runtime of its own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// A file with everything in it, its export, and what can be read of it.
async fn rich(clock: &ManualClock) -> (String, Everything) {
    let place = Place::sqlite();
    let store = place.open(clock).await;
    fill(&*store, clock).await;
    let everything = everything(&*store).await;
    drop(store);
    let (text, _) = place.export().await.unwrap();
    (text, everything)
}

/// The lines between header and trailer.
fn rows(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    lines[1..lines.len() - 1].to_vec()
}

/// Compares exports by their lines, and shows the first two that differ.
fn assert_same(left: &str, right: &str) {
    let (left, right) = (rows(left), rows(right));
    for (number, (left, right)) in left.iter().zip(&right).enumerate() {
        let cut = |line: &str| line.chars().take(500).collect::<String>();
        assert!(
            left == right,
            "line {}: {}\n{}",
            number + 2,
            cut(left),
            cut(right)
        );
    }
    assert_eq!(left.len(), right.len());
}

#[tokio::test]
async fn everything_is_the_same_after_a_journey_there_and_back() {
    let clock = ManualClock::new();
    let (text, before) = rich(&clock).await;
    let there = Place::postgres().await;
    let moved = there.import_text(&text).await.unwrap();
    let types: Vec<&str> = moved.counts.keys().map(String::as_str).collect();
    let all = [
        "audit", "body", "event", "failure", "key", "kind", "queue", "remote", "request", "result",
        "schedule", "session", "task",
    ];
    assert_eq!(types, all, "the store is to have something of everything");
    let (text_there, moved_there) = there.export().await.unwrap();
    assert_same(&text, &text_there);
    assert_eq!(moved_there.counts, moved.counts);
    let store = there.open(&clock).await;
    assert_eq!(everything(&*store).await, before);
    drop(store);

    let back = Place::sqlite();
    back.import_text(&text_there).await.unwrap();
    let (text_back, _) = back.export().await.unwrap();
    assert_same(&text, &text_back);
    let store = back.open(&clock).await;
    assert_eq!(everything(&*store).await, before);
}

#[tokio::test]
async fn what_was_moved_goes_on() {
    let clock = ManualClock::new();
    let (text, before) = rich(&clock).await;
    clock.advance(60_000);
    for place in Place::both().await {
        place.import_text(&text).await.unwrap();
        let store = place.open(&clock).await;
        // What ran is taken back by the rule that is there for what was lost.
        let lost = match place {
            Place::Sqlite(_) => Lost::All,
            Place::Postgres(_) => expired(),
        };
        assert!(rescue(&*store, lost, 99).await > 0);
        submit(&*store, row()).await;
        let taken = claim(&*store, 99).await;
        assert!(taken.tasks.iter().any(|task| task.payload == "{}"));
        // A worker may repeat the report of an end, and has lost what it did not renew.
        let over = Lost::Remote { roll: 0.5 };
        assert_eq!(rescue(&*store, over, 99).await, 1);
        // The audit log goes on after its latest entry.
        let cancel = Write::Cancel(taken.tasks[0].id);
        let caused = Caused {
            actor: Arc::new(Actor::operator()),
            write: cancel,
        };
        let committed = commit(&*store, Write::By(Box::new(caused))).await;
        assert!(matches!(committed.outcomes[..], [Outcome::Changed(Ok(_))]));
        let after = everything(&*store).await;
        assert_eq!(after.newest_audit(), before.newest_audit() + 1);
    }
}

/// A reader that fails where a connection, or a process, would be cut off.
struct CutOff(Cursor<Vec<u8>>);

impl CutOff {
    fn at(text: &str, place: usize) -> Self {
        Self(Cursor::new(text.as_bytes()[..place].to_vec()))
    }
}

impl Read for CutOff {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.0.read(bytes)? {
            0 => Err(io::Error::other("cut off")),
            read => Ok(read),
        }
    }
}

#[tokio::test]
async fn an_import_that_was_cut_off_goes_on_where_it_was() {
    let clock = ManualClock::new();
    let (text, _) = rich(&clock).await;
    for place in Place::both().await {
        let ends: Vec<usize> = text.match_indices('\n').map(|(end, _)| end).collect();
        for part in 1..6 {
            // In the middle of a line.
            let cut_off = CutOff::at(&text, ends[ends.len() / 6 * part] + 9);
            let error = place.import(cut_off).await.unwrap_err();
            assert!(matches!(error, MoveError::Read(_)), "{error}");
            let half = place.try_open(&clock).await.err().unwrap();
            assert!(half.contains("glassworks import"), "{half}");
        }
        let error = place.export().await.unwrap_err().to_string();
        assert!(error.contains("not finished"), "{error}");
        let (other, _) = rich(&ManualClock::new()).await;
        let error = place.import_text(&other).await.unwrap_err();
        assert!(matches!(error, MoveError::Other { .. }), "{error}");
        // The same number, and another beginning.
        let changed = text.replacen("\"scope\":\"submit\"", "\"scope\":\"admin\"", 1);
        let error = place.import_text(&changed).await.unwrap_err().to_string();
        assert!(error.contains("not those with which"), "{error}");
        place.import_text(&text).await.unwrap();
        assert_same(&text, &place.export().await.unwrap().0);
        place.open(&clock).await;
    }
}

#[tokio::test]
async fn a_file_that_is_not_whole_is_refused_with_its_line() {
    let clock = ManualClock::new();
    let (text, _) = rich(&clock).await;
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.len();
    let untrailed = lines[..last - 1].join("\n") + "\n";
    let middle = &text[..text.len() / 2];
    let cases = [
        (String::new(), 1, "truncated"),
        (format!("{}\n", lines[0]), 2, "truncated"),
        (untrailed.clone(), last, "truncated"),
        (middle.to_owned(), middle.lines().count(), "truncated"),
        (text[..text.len() - 9].to_owned(), last, "trailer"),
        (text.replacen("line 1", "line 7", 1), last, "digest"),
        (text.replacen(lines[2], lines[1], 1), last, "digest"),
        (format!("{text}\n"), last + 1, "after the trailer"),
        ("%PDF-1.7\n".to_owned(), 1, "not an export"),
        (
            "{\"type\":\"task\",\"format\":1}\n".to_owned(),
            1,
            "beginning",
        ),
        (
            text.replacen("\"format\":1", "\"format\":2", 1),
            1,
            "format 2",
        ),
    ];
    for (number, (bad, line, reason)) in cases.into_iter().enumerate() {
        assert_ne!(bad, text);
        let input = bad.clone();
        let checked = blocking(move || check(&mut Cursor::new(input), &mut |_| ())).await;
        let place = Place::sqlite();
        // What is looked at while it is imported is refused as well, in some cases sooner.
        for refused in [
            checked.map(|()| None),
            place.import_text(&bad).await.map(Some),
        ] {
            let (at, why) = match refused {
                Err(MoveError::Line { line, reason }) => (line, reason),
                Err(MoveError::Untaken { first, cause, .. }) => (first, cause.to_string()),
                other => panic!("case {number}: {other:?}"),
            };
            let agrees = at == line as u64 && why.contains(reason);
            let is_sooner = reason == "digest" && at < line as u64;
            assert!(agrees || is_sooner, "case {number}: line {at}: {why}");
        }
        if let Err(half) = place.try_open(&clock).await {
            assert!(half.contains("not finished"), "case {number}: {half}");
        } else {
            assert_eq!(line.min(2), 1, "case {number}: what was refused is in use");
        }
    }
}

#[tokio::test]
async fn a_line_that_makes_no_sense_is_refused_with_its_reason() {
    let clock = ManualClock::new();
    let (text, _) = rich(&clock).await;
    let number = |of: &str| {
        let of = format!("{{\"type\":\"{of}\"");
        1 + text.lines().position(|line| line.starts_with(&of)).unwrap()
    };
    let (task, key) = (number("task"), number("key"));
    let cases = [
        ("\"scope\":", "\"scoop\":", key, "`scope` is missing"),
        (
            "{\"type\":\"key\"",
            "{\"type\":\"door\"",
            key,
            "no type `door`",
        ),
        ("{\"type\":\"key\"", "{\"typ\":\"key\"", key, "no `type`"),
        (
            "{\"type\":\"key\",",
            "{\"type\":\"key\",\"door\":1,",
            key,
            "field `door`",
        ),
        (
            "{\"type\":\"key\",",
            "{\"type\":\"key\"",
            key,
            "not an object",
        ),
        ("\"hash\":\"01", "\"hash\":\"0x", key, "`hash`"),
        ("\"priority\":9", "\"priority\":40000", task, "`priority`"),
        (
            "\"state\":\"completed\"",
            "\"state\":\"done\"",
            task,
            "`state`",
        ),
        ("\"kind\":\"kind\"", "\"kind\":\"\\u0000\"", task, "`kind`"),
        (
            "{\"type\":\"queue\"",
            "{\"type\":\"key\"",
            number("queue"),
            "missing",
        ),
        (
            "\"payload\":\"{",
            "\"payload\":\"",
            number("body"),
            "`payload`",
        ),
    ];
    for (known, changed, line, reason) in cases {
        let bad = text.replacen(known, changed, 1);
        assert_ne!(bad, text, "{known}");
        let error = Place::sqlite().import_text(&bad).await.unwrap_err();
        let said = error.to_string();
        let begins = format!("line {line}: ");
        assert!(said.starts_with(&begins) && said.contains(reason), "{said}");
    }
    // Out of its order.
    let (first, last) = (key - 1, number("audit") - 1);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(first, last);
    let error = Place::sqlite()
        .import_text(&(lines.join("\n") + "\n"))
        .await;
    let said = error.unwrap_err().to_string();
    assert!(said.contains("comes after lines `audit`"), "{said}");
}

#[tokio::test]
async fn lines_of_a_task_that_is_not_there_are_refused() {
    let clock = ManualClock::new();
    let (text, _) = rich(&clock).await;
    let lines = text.lines();
    let gone = lines
        .clone()
        .find(|line| line.starts_with("{\"type\":\"task\""));
    let kept: Vec<&str> = lines.clone().filter(|line| Some(*line) != gone).collect();
    for place in Place::both().await {
        let text = signed(&kept[..kept.len() - 1]);
        let said = place.import_text(&text).await.unwrap_err().to_string();
        assert!(said.contains("there is no task"), "{said}");
        place.try_open(&clock).await.err().unwrap();
    }
    let bodiless: Vec<&str> = lines
        .filter(|line| !line.starts_with("{\"type\":\"body\""))
        .collect();
    for place in Place::both().await {
        let text = signed(&bodiless[..bodiless.len() - 1]);
        let said = place.import_text(&text).await.unwrap_err().to_string();
        assert!(said.contains("has no body"), "{said}");
    }
}

/// Lines with a trailer that agrees with them, as somebody could make it who wants to.
fn signed(lines: &[&str]) -> String {
    let text = lines.join("\n") + "\n";
    let digest = Sha256::digest(text.as_bytes());
    let digest: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let digest = digest.concat();
    let mut counts = BTreeMap::new();
    for line in &lines[1..] {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let of = line["type"].as_str().unwrap().to_owned();
        *counts.entry(of).or_insert(0) += 1;
    }
    let counts = serde_json::to_string(&counts).unwrap();
    format!("{text}{{\"type\":\"trailer\",\"counts\":{counts},\"sha256\":\"{digest}\"}}\n")
}

#[tokio::test]
async fn only_an_empty_database_is_filled() {
    let clock = ManualClock::new();
    let (text, _) = rich(&clock).await;
    for place in Place::both().await {
        let store = place.open(&clock).await;
        submit(&*store, row()).await;
        let before = everything(&*store).await;
        drop(store);
        let error = place.import_text(&text).await.unwrap_err().to_string();
        assert!(error.contains("not empty"), "{error}");
        let store = place.open(&clock).await;
        assert_eq!(everything(&*store).await, before);
    }
}

#[tokio::test]
async fn nothing_is_moved_while_it_is_used() {
    let clock = ManualClock::new();
    let (text, _) = rich(&clock).await;
    let place = Place::sqlite();
    let store = place.open(&clock).await;
    for said in [
        place.export().await.unwrap_err().to_string(),
        place.import_text(&text).await.unwrap_err().to_string(),
    ] {
        assert!(
            said.contains("another Glassworks process is using it"),
            "{said}"
        );
    }
    drop(store);

    let place = Place::postgres().await;
    place.import_text(&text).await.unwrap();
    let node = "INSERT INTO nodes (id, name, version, started_at, last_seen_at, workers, busy_workers) \
         VALUES (gen_random_uuid(), 'a-node', '0', 0, \
            (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $age, 1, 0)";
    place.execute(&node.replace("$age", "29000")).await;
    let said = place.export().await.unwrap_err().to_string();
    assert!(said.contains("the node a-node uses it"), "{said}");
    place.execute("DELETE FROM nodes").await;
    place.execute(&node.replace("$age", "31000")).await;
    place.export().await.unwrap();

    let target = Place::postgres().await;
    drop(target.open(&clock).await);
    target.execute(&node.replace("$age", "0")).await;
    let said = target.import_text(&text).await.unwrap_err().to_string();
    assert!(said.contains("the node a-node uses it"), "{said}");
}

#[tokio::test]
async fn what_is_not_known_to_be_moved_is_not_left_behind() {
    let clock = ManualClock::new();
    let (text, _) = rich(&clock).await;
    for sql in [
        "CREATE TABLE more (id integer)",
        "ALTER TABLE tasks ADD COLUMN more integer",
    ] {
        for place in Place::both().await {
            drop(place.open(&clock).await);
            place.execute(sql).await;
            for said in [
                place.export().await.unwrap_err().to_string(),
                place.import_text(&text).await.unwrap_err().to_string(),
            ] {
                assert!(said.contains("more"), "{said}");
                assert!(said.contains("does not know how to move that"), "{said}");
            }
        }
    }
}

#[tokio::test]
async fn an_export_makes_no_database() {
    for place in Place::both().await {
        let error = place.export().await.unwrap_err();
        assert!(matches!(error, MoveError::Open { .. }), "{error}");
        if let Place::Sqlite(folder) = &place {
            assert!(!file(folder).exists());
        }
    }
}

#[tokio::test]
async fn an_empty_database_can_be_moved_too() {
    let clock = ManualClock::new();
    let place = Place::sqlite();
    drop(place.open(&clock).await);
    let (text, moved) = place.export().await.unwrap();
    assert_eq!((text.lines().count(), moved.counts.len()), (2, 0));
    for place in Place::both().await {
        place.import_text(&text).await.unwrap();
        let store = place.open(&clock).await;
        submit(&*store, row()).await;
        assert_eq!(claim(&*store, 1).await.ids().len(), 1);
    }
}

#[tokio::test]
async fn the_digest_is_that_of_the_lines_before_the_trailer() {
    let clock = ManualClock::new();
    let (text, _) = rich(&clock).await;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(text, signed(&lines[..lines.len() - 1]));
}
