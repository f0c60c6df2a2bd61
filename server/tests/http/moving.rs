//! `glassworks export` and `glassworks import`, by the real binary.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::support::process::{Process, command_on, refusal};
use super::support::waits::{eventually, within};

/// The binary, to move to or from the file `database`.
fn mover(folder: &Path, database: &str, arguments: &[&str]) -> Command {
    let mut command = command_on(folder, database);
    command.args(arguments);
    command
}

async fn run(folder: &Path, database: &str, arguments: &[&str]) -> Output {
    let mut command = mover(folder, database, arguments);
    let done = command.stderr(Stdio::piped()).output();
    within("a move", done).await.unwrap()
}

async fn refused(folder: &Path, database: &str, arguments: &[&str]) -> String {
    let output = run(folder, database, arguments).await;
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

async fn moved(folder: &Path, database: &str, arguments: &[&str]) -> Output {
    let output = run(folder, database, arguments).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.lines().count(), 1, "nobody watches: {said}");
    output
}

#[tokio::test]
async fn everything_moves_to_another_database_even_when_the_way_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let server = Process::start(folder).await;
    let client = server.client();
    let new = json!({ "kind": "sleep", "payload": { "seconds": 0 }, "delay_ms": 3_600_000 });
    let mut ids = Vec::new();
    for _ in 0..30 {
        let answer = client.post("/api/tasks", &new).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        ids.push(answer.json()["id"].as_str().unwrap().to_owned());
    }
    let said = refused(folder, "tasks.db", &["export", "all.jsonl"]).await;
    assert!(
        said.contains("another Glassworks process is using it"),
        "{said}"
    );
    assert!(!folder.join("all.jsonl").exists() && !folder.join("all.jsonl.part").exists());
    server.terminate().await;
    server.ended().await;

    moved(folder, "tasks.db", &["export", "all.jsonl"]).await;
    let said = refused(folder, "tasks.db", &["export", "all.jsonl"]).await;
    assert!(said.contains("is there already"), "{said}");
    let text = fs::read_to_string(folder.join("all.jsonl")).unwrap();
    let piped = moved(folder, "tasks.db", &["export"]).await.stdout;
    assert_eq!(
        text.lines().count(),
        String::from_utf8(piped).unwrap().lines().count()
    );

    // A part of it comes through a pipe, and then the process is killed.
    let part = text.find("{\"type\":\"event\"").unwrap() + 9;
    let mut importing = mover(folder, "new.db", &["import", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = importing.stdin.take().unwrap();
    pipe.write_all(&text.as_bytes()[..part]).await.unwrap();
    pipe.flush().await.unwrap();
    let target = folder.join("new.db");
    eventually("an import to be under way", async || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = Connection::open_with_flags(&target, flags).ok()?;
        let progress: String = connection
            .query_row("SELECT progress FROM import", [], |row| row.get(0))
            .ok()?;
        progress.contains("\"task\"").then_some(())
    })
    .await;
    importing.kill().await.unwrap();
    let said = refusal(mover(folder, "new.db", &["serve"])).await;
    assert!(
        said.contains("an import into it was begun and not finished"),
        "{said}"
    );

    fs::write(folder.join("cut.jsonl"), &text[..part]).unwrap();
    let said = refused(folder, "new.db", &["import", "cut.jsonl"]).await;
    assert!(said.contains("truncated"), "{said}");
    moved(folder, "new.db", &["import", "all.jsonl"]).await;

    let server = Process::spawn(mover(folder, "new.db", &["serve"])).await;
    for id in ids {
        let answer = server.client().get(&format!("/api/tasks/{id}")).await;
        assert_eq!(answer.json()["state"], "scheduled");
    }
}

#[tokio::test]
async fn a_file_that_is_not_whole_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("other.jsonl"), "{\"type\":\"header\"}\n").unwrap();
    let said = refused(folder, "new.db", &["import", "other.jsonl"]).await;
    assert!(said.contains("line 1: this is not an export"), "{said}");
    assert!(!folder.join("new.db").exists());
    let said = refused(folder, "new.db", &["import", "nowhere.jsonl"]).await;
    assert!(said.contains("nowhere.jsonl cannot be read"), "{said}");
    let said = refused(folder, "nowhere.db", &["export"]).await;
    assert!(said.contains("there is no file"), "{said}");
}
