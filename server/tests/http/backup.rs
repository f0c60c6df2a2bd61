//! `glassworks backup` and `check`: the real binary, beside a server that is at work.

use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::json;

use crate::support::process::{ANY_PORT, Process, command};
use crate::support::waits::within;

async fn run(directory: &Path, words: &[&str]) -> Output {
    let mut command = command(directory, ANY_PORT);
    command.args(words).stderr(Stdio::piped());
    within("the end of a command", command.output())
        .await
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_server_goes_on_from_a_copy_of_one_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path()).await;
    let long = process
        .client()
        .submit(json!({"seconds": 600, "steps": 6_000}))
        .await;
    let short = process.client().submit(json!({"seconds": 0})).await;
    process.client().finished(&short).await;

    let made = run(folder.path(), &["backup", "copy.db"]).await;
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert_eq!(text(&made.stdout), "copy.db: 2 tasks\n");
    let again = run(folder.path(), &["backup", "copy.db"]).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("copy.db exists already"));
    let own = run(folder.path(), &["check"]).await;
    assert_eq!(text(&own.stdout), "tasks.db: sound, 2 tasks\n");
    let sound = run(folder.path(), &["check", "copy.db"]).await;
    assert_eq!(text(&sound.stdout), "copy.db: sound, 2 tasks\n");
    process.kill().await;

    let elsewhere = tempfile::tempdir().unwrap();
    let restored = elsewhere.path().join("tasks.db");
    std::fs::copy(folder.path().join("copy.db"), restored).unwrap();
    let client = Process::start(elsewhere.path()).await;
    let task = |id: String| {
        let client = client.client();
        async move { client.get(&format!("/api/tasks/{id}")).await.json() }
    };
    assert_eq!(task(short).await["state"], "completed");
    let again = task(long).await;
    assert_eq!(again["payload"], json!({"seconds": 600, "steps": 6_000}));
    assert!(again["finished_at"].is_null(), "{again}");
}

#[tokio::test]
async fn what_cannot_be_copied_or_checked_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "x".repeat(5_000)).unwrap();
    for (words, told) in [
        (&["backup", "copy.db"][..], "tasks.db"),
        (
            &["check", "notes.txt"],
            "notes.txt: it is not a Glassworks database",
        ),
        (
            &[
                "--database",
                "postgres://u@127.0.0.1:1/x",
                "backup",
                "copy.db",
            ],
            "pg_dump",
        ),
    ] {
        let mut command = command(folder.path(), ANY_PORT);
        if words[0] == "--database" {
            // The option is given once: the words of a command come in the place of the others.
            command = tokio::process::Command::new(env!("CARGO_BIN_EXE_glassworks"));
        }
        command
            .args(words)
            .stderr(Stdio::piped())
            .stdout(Stdio::null());
        let ended = within("the end of a command", command.output())
            .await
            .unwrap();
        assert_eq!(ended.status.code(), Some(1), "{words:?}");
        assert!(
            text(&ended.stderr).contains(told),
            "{}",
            text(&ended.stderr)
        );
    }
    assert!(!folder.path().join("copy.db").exists());
}
