//! The command line for people: the real binary asks a server, and its exit status tells.

use std::net::SocketAddr;
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::access::key;
use crate::support::process::{Process, command};
use crate::support::waits::within;
use crate::support::{Client, Server};
use glassworks_protocol::Scope;

fn glassworks(address: SocketAddr, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glassworks"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GLASSWORKS_") {
            command.env_remove(name);
        }
    }
    command
        .args(words)
        .env("GLASSWORKS_URL", format!("http://{address}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn run(address: SocketAddr, words: &[&str]) -> Said {
    ended(glassworks(address, words)).await
}

async fn ended(mut command: Command) -> Said {
    let output = within("the end of a command", command.output()).await;
    Said(output.unwrap())
}

struct Said(Output);

impl Said {
    fn status(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    fn out(&self) -> &str {
        str::from_utf8(&self.0.stdout).unwrap()
    }

    fn err(&self) -> &str {
        str::from_utf8(&self.0.stderr).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.0.stdout).unwrap()
    }
}

/// Submits a task that sleeps, and gives its id.
async fn submit(address: SocketAddr, payload: &str, options: &[&str]) -> String {
    let words = [&["submit", "sleep", payload], options].concat();
    let said = run(address, &words).await;
    assert_eq!(said.status(), 0, "{}", said.err());
    said.out().trim().to_owned()
}

async fn state(client: Client, id: &str) -> Value {
    client.get(&format!("/api/tasks/{id}")).await.json()["state"].clone()
}

const SHORT: &str = r#"{"seconds": 0, "steps": 2}"#;
const FAILS: &str = r#"{"seconds": 0, "steps": 2, "fail_at_step": 2}"#;
const LONG: &str = r#"{"seconds": 600}"#;

#[tokio::test]
async fn the_exit_status_says_how_the_task_ended() {
    let server = Server::start().await;
    let done = run(server.address, &["submit", "sleep", SHORT, "--wait"]).await;
    assert_eq!(done.status(), 0, "{}", done.err());
    assert_eq!(done.out(), "step 1 of 2\nstep 2 of 2\n");
    assert!(done.err().contains("completed after "), "{}", done.err());

    let failing = ["submit", "sleep", FAILS, "--wait", "--max-attempts", "1"];
    let failed = run(server.address, &failing).await;
    assert_eq!(failed.status(), 3);
    assert!(failed.err().contains("failed in attempt 1: "));

    let id = submit(server.address, LONG, &[]).await;
    let tail = tokio::spawn(ended(glassworks(server.address, &["tail", &id])));
    let cancelled = run(server.address, &["cancel", &id]).await;
    assert_eq!(cancelled.status(), 0, "{}", cancelled.err());
    assert!(cancelled.out().starts_with(&id), "{}", cancelled.out());
    let tail = tail.await.unwrap();
    assert_eq!(tail.status(), 4);
    assert!(tail.err().contains("cancelled"), "{}", tail.err());

    let again = run(server.address, &["retry", &id]).await;
    assert_eq!(again.status(), 0, "{}", again.err());
    assert!(again.out().starts_with(&id), "{}", again.out());
}

#[tokio::test]
async fn what_is_refused_is_said_and_the_status_tells() {
    let server = Server::start().await;
    let wrong = run(server.address, &["submit", "sleep", r#"{"seconds": -1}"#]).await;
    assert_eq!((wrong.status(), wrong.out()), (1, ""));
    assert!(wrong.err().contains("/payload/seconds"), "{}", wrong.err());

    let no_json = run(server.address, &["submit", "sleep", "{"]).await;
    assert_eq!(no_json.status(), 1);
    assert!(no_json.err().contains("no JSON"), "{}", no_json.err());

    let unknown = "019ab0f5-2f5c-7cc1-9d2a-4b7d3c1e8f60";
    for words in [["show", unknown], ["tail", unknown]] {
        let said = run(server.address, &words).await;
        assert_eq!(said.status(), 1, "{words:?}");
        assert!(said.err().contains("404"), "{}", said.err());
    }
    // One of two: the other is done all the same.
    let id = submit(server.address, LONG, &[]).await;
    let some = run(server.address, &["cancel", unknown, &id]).await;
    assert_eq!(some.status(), 1);
    assert!(some.err().contains(unknown) && some.out().contains(&id));

    let usage = run(server.address, &["show", "17"]).await;
    assert_eq!(usage.status(), 2);
}

#[tokio::test]
async fn nobody_to_ask_is_said_and_is_no_success() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    for words in [["list", "--json"], ["submit", "sleep"]] {
        let said = run(address, &words).await;
        assert_eq!((said.status(), said.out()), (1, ""), "{words:?}");
        assert!(said.err().contains("does not answer"), "{}", said.err());
    }
}

#[tokio::test]
async fn tasks_are_listed_and_shown_for_people_and_for_programs() {
    let server = Server::start().await;
    let options = ["--queue", "mail", "--tag", "nightly", "--delay", "2h"];
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(submit(server.address, SHORT, &options).await);
    }
    submit(server.address, SHORT, &["--delay", "1h"]).await;

    let filter = ["list", "--state", "scheduled,queued", "--queue", "mail"];
    let table = run(server.address, &filter).await;
    let lines: Vec<_> = table.out().lines().collect();
    assert_eq!(lines.len(), 4, "{}", table.out());
    assert!(lines[0].starts_with("ID "));
    for (line, id) in lines[1..].iter().zip(ids.iter().rev()) {
        assert!(line.starts_with(id.as_str()), "{line}");
        assert!(
            line.contains("scheduled") && line.contains("mail"),
            "{line}"
        );
    }
    let two = [&filter[..], &["--limit", "2", "--json"]].concat();
    let two = run(server.address, &two).await;
    let listed: Vec<Value> = two
        .out()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["id"], json!(ids[2]));

    let shown = run(server.address, &["show", &ids[0]]).await;
    for part in [
        "kind      sleep\n",
        "state     scheduled\n",
        "queue     mail, priority 5\n",
        "tags      nightly\n",
        "payload   {\"seconds\": 0, \"steps\": 2}\n",
    ] {
        assert!(shown.out().contains(part), "{part}: {}", shown.out());
    }
    let shown = run(server.address, &["show", &ids[0], "--json"]).await;
    let stands = format!("/api/tasks/{}", ids[0]);
    assert_eq!(shown.json(), server.client().get(&stands).await.json());
}

#[tokio::test]
async fn what_a_task_says_is_not_obeyed_by_the_terminal() {
    let server = Server::start().await;
    let key = "\u{1b}]0;gotcha\u{7}";
    let body = json!({"kind": "sleep", "payload": {"seconds": 600}, "unique_key": key});
    let task = server.client().post("/api/tasks", &body).await.json();
    let shown = run(server.address, &["show", task["id"].as_str().unwrap()]).await;
    assert!(shown.out().contains("gotcha"), "{}", shown.out());
    assert!(!shown.out().contains('\u{1b}') && !shown.out().contains('\u{7}'));
}

#[tokio::test]
async fn a_payload_comes_from_a_pipe_and_the_same_key_adds_nothing() {
    let server = Server::start().await;
    let words = ["submit", "sleep", "-", "--idempotency-key", "order-7"];
    let mut ids = Vec::new();
    for _ in 0..2 {
        let file = server.directory.path().join("payload.json");
        std::fs::write(&file, SHORT).unwrap();
        let mut command = glassworks(server.address, &words);
        command.stdin(std::fs::File::open(file).unwrap());
        let said = ended(command).await;
        assert_eq!(said.status(), 0, "{}", said.err());
        ids.push(said.out().to_owned());
    }
    assert_eq!(ids[0], ids[1]);
    let listed = server.client().get("/api/tasks").await.json();
    assert_eq!(listed["tasks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_is_taken_from_the_environment() {
    let server = Server::start().await;
    let key = key(&server, Scope::Admin).await;
    let without = run(server.address, &["list"]).await;
    assert_eq!(without.status(), 1);
    assert!(without.err().contains("401"), "{}", without.err());
    let mut command = glassworks(server.address, &["submit", "sleep", SHORT, "--wait"]);
    let with = ended({
        command.env("GLASSWORKS_KEY", &key.secret);
        command
    })
    .await;
    assert_eq!(with.status(), 0, "{}", with.err());
}

#[tokio::test]
async fn following_goes_on_when_the_server_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let first = Process::start(directory.path()).await;
    let address = first.address;
    let id = submit(address, r#"{"seconds": 600, "steps": 600}"#, &[]).await;
    let mut tail = glassworks(address, &["tail", &id]).spawn().unwrap();
    let mut out = tail.stdout.take().unwrap();
    let mut said = [0; 12];
    within("the first line", out.read_exact(&mut said))
        .await
        .unwrap();
    assert_eq!(&said, b"step 1 of 60");
    first.kill().await;
    let again = command(directory.path(), &address.to_string());
    let second = Process::spawn(again).await;
    within("the end of the task", async {
        let path = format!("/api/tasks/{id}/cancel");
        second.client().post(&path, &json!({})).await;
        while state(second.client(), &id).await != "cancelled" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let status = within("the end of the tail", tail.wait()).await.unwrap();
    assert_eq!(status.code(), Some(4));
}

#[tokio::test]
async fn shells_can_complete_it() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(([127, 0, 0, 1], 1).into(), &["completions", shell]).await;
        assert_eq!(script.status(), 0);
        assert!(script.out().contains("submit"), "{shell}");
    }
}
