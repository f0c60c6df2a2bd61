//! What a submit can ask for in its headers: to be done once, to be waited for, to be traced.

use serde_json::{Value, json};

use crate::support::waits::eventually;
use crate::support::{Answer, Client, Server};

fn sleep(seconds: f64) -> Value {
    json!({"kind": "sleep", "payload": {"seconds": seconds}})
}

async fn post(client: Client, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.request("POST", "/api/tasks").json(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await.whole().await
}

#[tokio::test]
async fn a_request_sent_again_with_its_key_makes_no_second_task() {
    let server = Server::start().await;
    let client = server.client();
    let key = ("idempotency-key", "\"8e03978e-40d5-43dd\"");
    let first = post(client, &sleep(0.0), &[key]).await;
    assert_eq!(first.status, 202);
    assert_eq!(first.header("idempotent-replayed"), "");
    let id = first.json()["id"].as_str().unwrap().to_owned();
    client.finished(&id).await;

    // The key may be written bare, and the body otherwise.
    let bare = ("idempotency-key", "8e03978e-40d5-43dd");
    let same = json!({"payload": {"seconds": 0.0}, "kind": "sleep"});
    let again = post(client, &same, &[bare]).await;
    assert_eq!(again.status, 202);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.json()["state"], "completed");
    let all = client.get("/api/tasks").await.json();
    assert_eq!(all["tasks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_is_not_taken_for_another_request() {
    let server = Server::start().await;
    let client = server.client();
    let key = ("idempotency-key", "k");
    post(client, &sleep(0.0), &[key]).await;
    let other = post(client, &sleep(1.0), &[key]).await;
    let problem = other.problem(422, "/api/tasks");
    assert_eq!(problem["errors"][0]["pointer"], "Idempotency-Key");
    let twice = post(client, &sleep(0.0), &[key, key]).await;
    twice.problem(422, "/api/tasks");
    let long = "k".repeat(256);
    let long = post(client, &sleep(0.0), &[("idempotency-key", &long)]).await;
    long.problem(422, "/api/tasks");
}

#[tokio::test]
async fn a_deleted_task_is_not_made_again_by_its_request() {
    let server = Server::start().await;
    let client = server.client();
    let key = ("idempotency-key", "k");
    let first = post(client, &sleep(0.0), &[key]).await;
    let id = first.json()["id"].as_str().unwrap().to_owned();
    client.finished(&id).await;
    let path = format!("/api/tasks/{id}");
    let deleted = client.request("DELETE", &path).send().await.whole().await;
    assert_eq!(deleted.status, 204);
    post(client, &sleep(0.0), &[key])
        .await
        .problem(410, "/api/tasks");
}

#[tokio::test]
async fn who_prefers_to_wait_gets_the_finished_task() {
    let server = Server::start().await;
    let wait = ("prefer", "respond-async, wait=30");
    let answer = post(server.client(), &sleep(0.2), &[wait]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("preference-applied"), "wait=30");
    let task = answer.json();
    assert_eq!(task["state"], "completed");
    assert_eq!(task["result"]["slept_seconds"], 0.2);
    let location = format!("/api/tasks/{}", task["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), location);
}

#[tokio::test]
async fn a_task_that_takes_longer_is_accepted() {
    let server = Server::start().await;
    let answer = post(server.client(), &sleep(60.0), &[("prefer", "wait=0")]).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("preference-applied"), "wait=0");
    let plain = post(server.client(), &sleep(0.0), &[("prefer", "wait=soon")]).await;
    assert_eq!(plain.status, 202);
    assert_eq!(plain.header("preference-applied"), "");
}

/// Waits until a task runs.
async fn one_runs(client: Client) {
    eventually("a task that runs", async || {
        let list = client.get("/api/tasks?state=running").await.json();
        (!list["tasks"].as_array().unwrap().is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_waits_is_answered_when_the_server_shuts_down() {
    let server = Server::start().await;
    let client = server.client();
    let waiting =
        tokio::spawn(async move { post(client, &sleep(600.0), &[("prefer", "wait=60")]).await });
    // Wait for the task to be there: then its submitter waits.
    one_runs(client).await;
    server.shutdown.begin();
    let answer = waiting.await.unwrap();
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()["state"], "running");
}

#[tokio::test]
async fn a_trace_stays_with_the_task() {
    let server = Server::start().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = post(server.client(), &sleep(0.0), &[("traceparent", trace)]).await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(server.client().finished(&id).await["traceparent"], trace);
    let none = post(server.client(), &sleep(0.0), &[("traceparent", "00-x")]).await;
    assert_eq!(none.status, 202);
    assert_eq!(none.json()["traceparent"], Value::Null);
}

#[tokio::test]
async fn a_task_that_stood_already_is_marked() {
    let server = Server::start().await;
    let client = server.client();
    let waiting = |kind: &str, payload: Value| json!({"kind": kind, "payload": payload, "unique_key": "k", "delay_ms": 3_600_000});
    let sleep = waiting("sleep", json!({"seconds": 0}));
    let first = post(client, &sleep, &[]).await;
    assert_eq!(first.header("existing-task"), "");
    assert_eq!(first.json()["existing"], false);
    // The key is the task's alone, whatever else is asked for.
    let other = waiting("http", json!({"url": "https://example.com/"}));
    let found = post(client, &other, &[]).await;
    assert_eq!(found.status, 202);
    assert_eq!(found.header("existing-task"), "true");
    assert_eq!(found.header("idempotent-replayed"), "");
    assert_eq!(found.header("location"), first.header("location"));
    let found = found.json();
    assert_eq!(found["existing"], true);
    assert_eq!(found["kind"], "sleep");

    let fresh = json!({"kind": "sleep", "payload": {"seconds": 0}});
    let tasks = json!({"tasks": [fresh, other]});
    let batch = client.post("/api/tasks/batch", &tasks).await;
    assert_eq!(batch.header("existing-task"), "true");
    let tasks = batch.json()["tasks"].clone();
    assert_eq!(tasks[0]["existing"], false);
    assert_eq!(tasks[1]["existing"], true);
    let tasks = json!({"tasks": [fresh]});
    let batch = client.post("/api/tasks/batch", &tasks).await;
    assert_eq!(batch.header("existing-task"), "");

    let key = ("idempotency-key", "once");
    let first = post(client, &fresh, &[key]).await;
    assert_eq!(first.json()["existing"], false);
    let again = post(client, &fresh, &[key]).await;
    assert_eq!(again.header("existing-task"), "true");
    assert_eq!(again.json()["existing"], true);
}

#[tokio::test]
async fn an_accepted_task_is_the_answer_even_when_the_wait_fails() {
    let server = Server::start().await;
    let client = server.client();
    let waiting =
        tokio::spawn(async move { post(client, &sleep(600.0), &[("prefer", "wait=3")]).await });
    one_runs(client).await;
    // From here on no task can be read.
    let database = rusqlite::Connection::open(server.directory.path().join("tasks.db")).unwrap();
    database
        .busy_timeout(std::time::Duration::from_secs(30))
        .unwrap();
    database
        .execute_batch("ALTER TABLE tasks RENAME TO lost")
        .unwrap();
    let answer = waiting.await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let task = answer.json();
    let location = format!("/api/tasks/{}", task["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), location);
    assert_eq!(task["state"], "queued");
    assert_eq!(client.get(&location).await.status, 500);
}
