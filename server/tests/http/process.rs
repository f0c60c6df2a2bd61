//! The binary: what it says, how it refuses to start, how it ends, and what survives.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::process::{ANY_PORT, Process, command, refusal};
use crate::support::{Client, Server};
use futures::future;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(20);

/// Waits until a task has printed something.
async fn has_printed(client: Client, id: &str) {
    let path = format!("/api/tasks/{id}/output?follow=true");
    let mut output = client.request("GET", &path).send().await;
    output.until("step 1 of").await;
}

async fn seqs(client: Client, id: &str) -> Vec<u64> {
    let path = format!("/api/tasks/{id}/events?limit=1000");
    let page = client.get(&path).await.json();
    let events = page["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_killed_server_takes_its_task_up_again() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path()).await;
    let id = process
        .client()
        .submit(json!({"seconds": 2, "steps": 20}))
        .await;
    has_printed(process.client(), &id).await;
    process.kill().await;

    let process = Process::start(directory.path()).await;
    let client = process.client();
    let task = client.finished(&id).await;
    assert_eq!(task["state"], "completed");
    assert_eq!(task["attempt"], 2);
    let last = task["last_seq"].as_u64().unwrap();
    assert_eq!(seqs(client, &id).await, (1..=last).collect::<Vec<_>>());
}

/// A line of `marks` for each breath of a program and of what has left its session: who, and of
/// which attempt. Both take their time to stop.
const BREATHING: &str = "\
    trap 'sleep 1; exit 0' TERM\n\
    breathe() { while :; do echo \"$1 $2\" >> marks; sleep 0.02; done; }\n\
    if [ $1 -gt 1 ]; then echo \"program $1\" >> marks; exit 0; fi\n\
    setsid sh -c 'trap \"\" TERM; while :; do echo \"escaped $1\" >> marks; sleep 0.02; done' sh $1 &\n\
    breathe program $1 & echo begun; wait; sleep 1000";

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_killed_server_takes_its_programs_along_before_the_next_attempt() {
    let directory = tempfile::tempdir().unwrap();
    let script = BREATHING.replace('{', "{{").replace('}', "}}");
    let file = format!(
        "[commands.breathe]\nprogram = \"/bin/sh\"\ninherit = [\"PATH\"]\ndirectory = {:?}\n\
         arguments = [\"-c\", {script:?}, \"sh\", \"{{attempt}}\"]\n",
        directory.path()
    );
    std::fs::write(directory.path().join("glassworks.toml"), file).unwrap();
    let start = async || {
        let mut command = command(directory.path(), ANY_PORT);
        command.args(["--config", "glassworks.toml"]);
        Process::spawn(command).await
    };
    let process = start().await;
    let client = process.client();
    let task = json!({"kind": "command", "payload": {"name": "breathe"}});
    let task = client.post("/api/tasks", &task).await.json();
    let id = task["id"].as_str().unwrap();
    let path = format!("/api/tasks/{id}/output?follow=true");
    client
        .request("GET", &path)
        .send()
        .await
        .until("begun")
        .await;
    process.kill().await;

    // The next one starts while the program is still stopping.
    let process = start().await;
    let task = process.client().finished(id).await;
    assert_eq!(task["state"], "completed", "{task}");
    assert_eq!(task["attempt"], 2);
    let marks = std::fs::read_to_string(directory.path().join("marks")).unwrap();
    let marks: Vec<&str> = marks.lines().collect();
    assert!(marks.contains(&"program 1"), "{marks:?}");
    assert!(marks.contains(&"escaped 1"), "{marks:?}");
    // Nothing of the first attempt breathes beside the second, or after it.
    assert_eq!(marks.last(), Some(&"program 2"), "{marks:?}");
    let of_second = marks.iter().filter(|mark| **mark == "program 2");
    assert_eq!(of_second.count(), 1, "{marks:?}");
}

#[tokio::test]
async fn a_minder_is_nothing_for_people() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = command(directory.path(), ANY_PORT);
    command = {
        let mut bare = tokio::process::Command::new(command.as_std().get_program());
        bare.arg("minder").stdin(std::process::Stdio::null());
        bare.stdout(std::process::Stdio::piped());
        bare
    };
    let said = refusal(command).await;
    assert!(said.contains("the server starts this by itself"), "{said}");
}

#[tokio::test]
async fn sigterm_ends_it_in_time_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path()).await;
    let client = process.client();
    // One that ends within the grace period, and one that comes to be due after the restart.
    let short = client.submit(json!({"seconds": 2, "steps": 20})).await;
    let later = json!({"kind": "sleep", "payload": {"seconds": 0}, "delay_ms": 3_000});
    let later = client.post("/api/tasks", &later).await.json()["id"].clone();
    let path = format!("/api/tasks/{short}/events");
    let request = client.request("GET", &path);
    let mut events = request.header("accept", "text/event-stream").send().await;
    events.until("step 1 of").await;
    let mut socket = client.socket("/api/ws").await;
    socket.hear_type("hello").await;

    let began = Instant::now();
    process.terminate().await;
    let (end, code, status) =
        future::join3(events.until("event: end"), socket.closed(), process.ended()).await;
    assert!(end.contains("shutting_down"), "{end}");
    assert_eq!(code, 1001);
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(20));

    let process = Process::start(directory.path()).await;
    let client = process.client();
    let task = client.finished(&short).await;
    assert_eq!(
        (&task["state"], &task["attempt"]),
        (&json!("completed"), &json!(1))
    );
    let task = client.finished(later.as_str().unwrap()).await;
    assert_eq!(task["state"], "completed");
}

#[tokio::test]
async fn a_task_that_outlasts_the_grace_period_is_taken_up_again() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path()).await;
    let client = process.client();
    let id = client.submit(json!({"seconds": 600, "steps": 600})).await;
    has_printed(client, &id).await;
    let began = Instant::now();
    process.terminate().await;
    assert_eq!(process.ended().await.code(), Some(0));
    // 25 s of grace, and what comes after it.
    assert!(began.elapsed() < Duration::from_secs(40));

    let process = Process::start(directory.path()).await;
    let client = process.client();
    let path = format!("/api/tasks/{id}/events");
    let request = client.request("GET", &path);
    let mut events = request.header("accept", "text/event-stream").send().await;
    let log = events.until("\"attempt\":2").await;
    assert!(log.contains("\"reason\":\"released\""), "{log}");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path()).await;
    let client = process.client();
    let id = client.submit(json!({"seconds": 600})).await;
    let path = format!("/api/tasks/{id}/events");
    let request = client.request("GET", &path);
    let mut events = request.header("accept", "text/event-stream").send().await;
    events.until("\"state\":\"running\"").await;
    process.terminate().await;
    events.until("event: end").await;
    process.terminate().await;
    let began = Instant::now();
    let status = process.ended().await;
    assert!(!status.success());
    assert!(began.elapsed() < Duration::from_secs(10));

    let process = Process::start(directory.path()).await;
    let task = process
        .client()
        .get(&format!("/api/tasks/{id}"))
        .await
        .json();
    assert!(
        matches!(&task["state"], Value::String(state) if state == "running" || state == "queued")
    );
}

/// What is said is one sentence on one line.
fn is_one_sentence(said: &str) -> bool {
    let said: Vec<&str> = said.lines().collect();
    said.len() == 1 && said[0].starts_with("glassworks: ")
}

#[tokio::test]
async fn a_second_process_on_the_same_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let _first = Process::start(directory.path()).await;
    let said = refusal(command(directory.path(), ANY_PORT)).await;
    assert!(is_one_sentence(&said), "{said}");
    assert!(said.contains("tasks.db"), "{said}");
    assert!(said.contains("another Glassworks process"), "{said}");
}

#[tokio::test]
async fn a_database_that_is_none_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("tasks.db"), "x".repeat(5000)).unwrap();
    let said = refusal(command(directory.path(), ANY_PORT)).await;
    assert!(is_one_sentence(&said), "{said}");
    assert!(said.contains("tasks.db"), "{said}");
}

#[tokio::test]
async fn a_port_in_use_is_refused() {
    let server = Server::start().await;
    let directory = tempfile::tempdir().unwrap();
    let address = server.address.to_string();
    let said = refusal(command(directory.path(), &address)).await;
    assert!(is_one_sentence(&said), "{said}");
    assert!(said.contains(&address), "{said}");
    assert!(!directory.path().join("tasks.db").exists());
}

#[tokio::test]
async fn serving_beyond_this_machine_has_to_be_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let said = refusal(command(directory.path(), "0.0.0.0:0")).await;
    assert!(is_one_sentence(&said), "{said}");
    assert!(
        said.contains("--allow-unauthenticated-remote-access"),
        "{said}"
    );
}

#[tokio::test]
async fn the_environment_sets_what_the_flags_set() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = command(directory.path(), ANY_PORT);
    command.arg("serve").env("GLASSWORKS_WORKERS", "none");
    let said = refusal(command).await;
    assert!(said.contains("'none' for '--workers"), "{said}");
}

#[tokio::test]
async fn a_variable_that_says_no_opens_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = command(directory.path(), "0.0.0.0:0");
    command.env("GLASSWORKS_ALLOW_UNAUTHENTICATED_REMOTE_ACCESS", "0");
    let said = refusal(command).await;
    assert!(said.contains("refusing to listen"), "{said}");
}

#[tokio::test]
async fn more_connections_than_files_do_not_make_it_deaf() {
    let directory = tempfile::tempdir().unwrap();
    let served = command(directory.path(), ANY_PORT);
    let served = served.as_std();
    let mut shell = Command::new("sh");
    let limits = "ulimit -Sn 256; ulimit -Hn 512; exec \"$0\" \"$@\"";
    shell.args(["-c", limits]).arg(served.get_program());
    shell.args(served.get_args()).current_dir(directory.path());
    shell
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let process = Process::spawn(shell.kill_on_drop(true)).await;
    let client = process.client();
    let mut idle = Vec::new();
    for _ in 0..600 {
        let answer = timeout(WITHIN, client.request("GET", "/livez").send()).await;
        let answer = answer.expect("a new client should be answered");
        assert_eq!(answer.status, 200);
        idle.push(answer);
    }
    // The limit that holds was raised: more than 256 are open at the same time.
    let figures = timeout(WITHIN, client.get("/readyz")).await.unwrap();
    assert_eq!(figures.status, 200);
}

#[tokio::test]
async fn a_bad_option_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = command(directory.path(), ANY_PORT);
    command.args(["--workers", "0"]);
    let said = refusal(command).await;
    assert!(said.contains("--workers"), "{said}");
}
