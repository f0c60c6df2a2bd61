//! `glassworks work`: the real binary as a worker, with shell scripts as programs.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use glassworks_engine::Options;
use glassworks_protocol::Scope;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::access::{ask, key};
use crate::support::process::{Process, command};
use crate::support::waits::{eventually, within};
use crate::support::{Client, Server};

/// A running `glassworks work`. It is killed when it is dropped.
struct Work(Child);

impl Work {
    /// One of the kind `script` that runs a shell script for each task.
    fn start(address: SocketAddr, script: &str, options: &[&str]) -> Self {
        Self::of(address, "script", options, &["sh", "-c", script])
    }

    /// The same, with a key.
    fn with_key(address: SocketAddr, key: &str, script: &str) -> Self {
        let mut command = Self::command(address, "script", &[], &["sh", "-c", script]);
        Self(command.env("GLASSWORKS_KEY", key).spawn().unwrap())
    }

    /// One of any kind that runs any program.
    fn of(address: SocketAddr, kind: &str, options: &[&str], program: &[&str]) -> Self {
        Self(
            Self::command(address, kind, options, program)
                .spawn()
                .unwrap(),
        )
    }

    fn command(address: SocketAddr, kind: &str, options: &[&str], program: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_glassworks"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GLASSWORKS_") {
                command.env_remove(name);
            }
        }
        command
            .args(["work", "--server", &format!("http://{address}")])
            .args(["--kind", kind])
            .args(options)
            .arg("--")
            .args(program)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command
    }

    async fn terminate(&self) {
        let process = self.0.id().unwrap();
        let mut shell = Command::new("sh");
        let kill = format!("kill -TERM {process}");
        let status = within("SIGTERM to be sent", shell.args(["-c", &kill]).status()).await;
        assert!(status.unwrap().success());
    }

    async fn kill(mut self) {
        within("the end of a killed worker", self.0.kill())
            .await
            .unwrap();
    }

    /// Waits for its end, which has to be a good one.
    async fn ended(mut self) {
        let status = within("the end of a worker", self.0.wait()).await;
        assert!(status.unwrap().success());
    }
}

/// Submits a task of the kind, once it is known.
async fn submit(client: Client, more: &Value) -> String {
    let mut task = json!({"kind": "script", "payload": {"name": "a.png"}});
    let more = more.as_object().unwrap().clone();
    task.as_object_mut().unwrap().extend(more);
    eventually("a worker that offers the kind", async || {
        let answer = client.post("/api/tasks", &task).await;
        let accepted = answer.status == StatusCode::ACCEPTED;
        accepted.then(|| answer.json()["id"].as_str().unwrap().to_owned())
    })
    .await
}

async fn output(client: Client, id: &str) -> String {
    let answer = client.get(&format!("/api/tasks/{id}/output")).await;
    answer.text().to_owned()
}

/// Waits until a task has printed `text`.
async fn has_printed(client: Client, id: &str, text: &str) {
    let path = format!("/api/tasks/{id}/output?follow=true");
    let mut output = client.request("GET", &path).send().await;
    output.until(text).await;
}

/// A server whose workers are missed soon.
async fn hasty() -> Server {
    let options = Options {
        first_lease: Duration::from_secs(2),
        lease: Duration::from_secs(2),
        ..Options::default()
    };
    Server::with_options(options).await
}

#[tokio::test]
async fn a_worker_brings_its_key_and_keeps_it_from_its_program() {
    let server = Server::start().await;
    let work = key(&server, Scope::Work).await;
    let admin = key(&server, Scope::Admin).await;
    let script = "echo \"key: ${GLASSWORKS_KEY-none}\"";
    let worker = Work::with_key(server.address, &work.secret, script);
    let task = json!({"kind": "script", "payload": {}});
    let asked = async |method: &str, path: &str, body: Option<Value>| {
        ask(server.client(), &admin.secret, method, path, body).await
    };
    let id = eventually("a worker that offers the kind", async || {
        let answer = asked("POST", "/api/tasks", Some(task.clone())).await;
        let accepted = answer.status == StatusCode::ACCEPTED;
        accepted.then(|| answer.json()["id"].as_str().unwrap().to_owned())
    })
    .await;
    eventually("the end of the task", async || {
        let task = asked("GET", &format!("/api/tasks/{id}"), None).await.json();
        (task["state"] == "completed").then_some(())
    })
    .await;
    let printed = asked("GET", &format!("/api/tasks/{id}/output"), None).await;
    assert_eq!(printed.text(), "key: none\n");
    worker.terminate().await;
    worker.ended().await;
}

#[tokio::test]
async fn a_program_does_a_task() {
    const SCRIPT: &str = "\
        read payload; echo \"got $payload\"; echo oh >&2\n\
        echo \"::progress 0.5 half\"; echo \"$GLASSWORKS_ATTEMPT $GLASSWORKS_TASK_ID $TRACEPARENT\"\n\
        echo '::result {\"no\": 1}'; echo '::result {\"bytes\": 12}'";
    let server = Server::start().await;
    let client = server.client();
    let work = Work::start(
        server.address,
        SCRIPT,
        &["--name", "shell-1", "--description", "Runs."],
    );
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    submit(client, &json!({})).await;
    let task = json!({"kind": "script", "payload": {"name": "a.png"}});
    let request = client.request("POST", "/api/tasks").json(&task);
    let answer = request
        .header("traceparent", trace)
        .send()
        .await
        .whole()
        .await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let over = client.finished(&id).await;
    assert_eq!(over["state"], "completed", "{over}");
    assert_eq!(over["result"], json!({"bytes": 12}));
    assert_eq!(over["node"], "shell-1");
    assert_eq!(
        over["progress"],
        json!({"fraction": 0.5, "message": "half"})
    );
    let printed = output(client, &id).await;
    assert!(printed.contains("got {\"name\":\"a.png\"}\n"), "{printed}");
    assert!(printed.contains(&format!("1 {id} {trace}\n")), "{printed}");
    assert!(
        printed.contains("oh\n") && !printed.contains("::"),
        "{printed}"
    );
    work.terminate().await;
    work.ended().await;
}

#[tokio::test]
async fn a_program_that_fails_fails_its_attempt() {
    let server = Server::start().await;
    let client = server.client();
    let script = "echo reading; echo 'no such file' >&2; exit 3";
    let _work = Work::start(server.address, script, &[]);
    let id = submit(client, &json!({"max_attempts": 1})).await;
    let over = client.finished(&id).await;
    assert_eq!(over["state"], "failed");
    let message = "`sh` exited with status 3: no such file";
    assert_eq!(over["error"]["message"], message);
}

#[tokio::test]
async fn a_cancel_and_a_limit_end_the_program_and_all_it_has_started() {
    let server = Server::start().await;
    let client = server.client();
    let folder = tempfile::tempdir().unwrap();
    let marks = folder.path().join("marks");
    let script = format!(
        "trap '' TERM; (while :; do echo x >> {}; sleep 0.02; done) & echo begun; wait",
        marks.display()
    );
    let _work = Work::start(server.address, &script, &["--concurrency", "2"]);
    let cancelled = submit(client, &json!({})).await;
    has_printed(client, &cancelled, "begun\n").await;
    client
        .post(&format!("/api/tasks/{cancelled}/cancel"), &json!({}))
        .await;
    let over = client.finished(&cancelled).await;
    assert_eq!(over["state"], "cancelled", "{over}");
    is_quiet(&marks).await;
    let limited = submit(client, &json!({"timeout_ms": 500, "max_attempts": 1})).await;
    let over = client.finished(&limited).await;
    assert_eq!(over["state"], "failed", "{over}");
    assert_eq!(over["error"]["message"], "timed out after 500 ms");
    is_quiet(&marks).await;
}

/// Waits until nobody writes to a file any more.
async fn is_quiet(file: &Path) {
    eventually("a program that has ended", async || {
        let length = || std::fs::metadata(file).map_or(0, |file| file.len());
        let before = length();
        tokio::time::sleep(Duration::from_millis(200)).await;
        (length() == before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_task_of_a_killed_worker_runs_elsewhere() {
    let server = hasty().await;
    let client = server.client();
    let folder = tempfile::tempdir().unwrap();
    let marks = folder.path().join("marks");
    let script = format!(
        "if [ $GLASSWORKS_ATTEMPT -gt 1 ]; then exit 0; fi\n\
         echo begun; while :; do echo x >> {}; sleep 0.02; done",
        marks.display()
    );
    let first = Work::start(server.address, &script, &["--name", "first"]);
    let id = submit(client, &json!({})).await;
    has_printed(client, &id, "begun\n").await;
    first.kill().await;
    is_quiet(&marks).await;
    let _second = Work::start(server.address, &script, &["--name", "second"]);
    let over = client.finished(&id).await;
    assert_eq!(
        (&over["state"], &over["attempt"]),
        (&json!("completed"), &json!(2))
    );
    assert_eq!(over["node"], "second");
    let message = over["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("the worker first was silent for "),
        "{message}"
    );
}

#[tokio::test]
async fn a_worker_that_is_asked_to_end_finishes_or_gives_back() {
    let server = Server::start().await;
    let client = server.client();
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let script = format!(
        "echo begun; while [ ! -e {} ]; do sleep 0.02; done",
        go.display()
    );
    let patient = Work::start(server.address, &script, &[]);
    let first = submit(client, &json!({})).await;
    has_printed(client, &first, "begun\n").await;
    patient.terminate().await;
    let second = submit(client, &json!({})).await;
    std::fs::write(&go, "").unwrap();
    patient.ended().await;
    assert_eq!(client.finished(&first).await["state"], "completed");
    let left = client.get(&format!("/api/tasks/{second}")).await.json();
    assert_eq!(left["state"], "queued", "no more was taken");

    std::fs::remove_file(&go).unwrap();
    let hasty = Work::start(server.address, &script, &["--grace", "0"]);
    has_printed(client, &second, "begun\n").await;
    hasty.terminate().await;
    hasty.ended().await;
    let left = client.get(&format!("/api/tasks/{second}")).await.json();
    assert_eq!(left["state"], "queued");
    assert_eq!(left["error"], Value::Null, "it does not count");
}

#[tokio::test]
async fn a_worker_outlives_a_server_that_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let server = Process::start(directory.path()).await;
    let address = server.address;
    let go = directory.path().join("go");
    let script = format!(
        "echo begun; while [ ! -e {} ]; do sleep 0.02; done; echo done; echo '::result 7'",
        go.display()
    );
    let _work = Work::start(address, &script, &[]);
    let id = submit(server.client(), &json!({})).await;
    has_printed(server.client(), &id, "begun\n").await;
    server.kill().await;
    // It ends while nobody is there to hear of it.
    std::fs::write(&go, "").unwrap();
    let server = Process::spawn(command(directory.path(), &address.to_string())).await;
    let client = server.client();
    let over = client.finished(&id).await;
    assert_eq!(
        (&over["state"], &over["attempt"]),
        (&json!("completed"), &json!(1))
    );
    assert_eq!(over["result"], 7);
    assert_eq!(output(client, &id).await, "begun\ndone\n");
    let next = submit(client, &json!({})).await;
    assert_eq!(client.finished(&next).await["state"], "completed");
}

#[tokio::test]
async fn a_worker_that_can_never_be_given_anything_says_so() {
    let server = Server::start().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_glassworks"));
    command
        .args(["work", "--server", &format!("http://{}", server.address)])
        .args(["--kind", "sleep", "--", "true"])
        .kill_on_drop(true);
    let said = crate::support::process::refusal(command).await;
    assert!(said.contains("this server runs that kind itself"), "{said}");
}

#[tokio::test]
async fn the_program_of_the_guide_works() {
    const GUIDE: &str = include_str!("../../../docs/workers.md");
    let (_, script) = GUIDE.split_once("```sh\n").unwrap();
    let (script, _) = script.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("greet.sh");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = Server::start().await;
    let client = server.client();
    let program = program.to_str().unwrap();
    let _work = Work::of(server.address, "greet", &["--concurrency", "4"], &[program]);
    let id = submit(
        client,
        &json!({"kind": "greet", "payload": {"name": "Ada"}}),
    )
    .await;
    let over = client.finished(&id).await;
    assert_eq!(over["result"], json!({"greeting": "hello"}), "{over}");
    assert_eq!(over["progress"]["message"], "thinking of something nice");
    let expected = format!("attempt 1 at task {id}: {{\"name\":\"Ada\"}}\n");
    assert_eq!(output(client, &id).await, expected);
}
