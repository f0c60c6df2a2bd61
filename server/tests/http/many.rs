//! Many tasks with one request: batches, and changes of all that match.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Client, Server};

const BATCH: &str = "/api/tasks/batch";
const BULK: &str = "/api/tasks/bulk";

/// A task that waits for an hour.
fn later(tag: &str) -> Value {
    json!({"kind": "sleep", "payload": {"seconds": 0}, "tags": [tag], "delay_ms": 3_600_000})
}

async fn count(client: Client) -> usize {
    let tasks = client.get("/api/tasks?limit=100").await.json();
    tasks["tasks"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_batch_is_accepted_in_order_and_runs() {
    let server = Server::start().await;
    let client = server.client();
    let tasks: Vec<Value> = (0..1_000)
        .map(|index| json!({"kind": "sleep", "payload": {"seconds": 0, "steps": index % 3 + 1}}))
        .collect();
    let answer = client.post(BATCH, &json!({"tasks": tasks})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    let accepted = answer.json();
    let accepted = accepted["tasks"].as_array().unwrap();
    assert_eq!(accepted.len(), 1_000);
    for (sent, task) in tasks.iter().zip(accepted) {
        assert_eq!(sent["payload"], task["payload"]);
    }
    let last = accepted.last().unwrap()["id"].as_str().unwrap();
    assert_eq!(client.finished(last).await["state"], "completed");
}

#[tokio::test]
async fn a_batch_with_one_bad_task_is_refused_whole() {
    let server = Server::start().await;
    let client = server.client();
    let bad = json!({"kind": "sleep", "payload": {"seconds": -1}, "priority": 10});
    let answer = client
        .post(
            BATCH,
            &json!({"tasks": [later("a"), bad, {"kind": "dream"}]}),
        )
        .await;
    let problem = answer.problem(422, BATCH);
    let pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        pointers,
        [
            "/tasks/1/payload/seconds",
            "/tasks/1/priority",
            "/tasks/2/kind"
        ]
    );
    assert_eq!(count(client).await, 0);
}

#[tokio::test]
async fn a_batch_that_makes_no_sense_is_refused_with_the_place() {
    let server = Server::start().await;
    let client = server.client();
    let many: Vec<Value> = (0..1_001).map(|_| later("a")).collect();
    for (body, pointer) in [
        (json!({"tasks": []}), "/tasks"),
        (json!({"tasks": many}), "/tasks"),
        (json!({"tasks": [{"kind": 7}]}), "/tasks/0/kind"),
        (json!({"tasks": [], "queue": "a"}), "/queue"),
        (json!({}), ""),
        (json!([[later("a")]]), ""),
    ] {
        let problem = client.post(BATCH, &body).await.problem(422, BATCH);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let large = json!({"kind": "sleep", "payload": {"text": "x".repeat(300 * 1024)}});
    let answer = client
        .post(BATCH, &json!({"tasks": [later("a"), large]}))
        .await;
    let problem = answer.problem(413, BATCH);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("/tasks/1"), "{detail}");
    assert_eq!(count(client).await, 0);
}

#[tokio::test]
async fn a_batch_may_be_larger_than_other_bodies() {
    let server = Server::start().await;
    let client = server.client();
    let body = |bytes: usize| format!("{{\"tasks\": []{}}}", " ".repeat(bytes));
    let send = async |bytes: usize| {
        let request = client.request("POST", BATCH);
        let request = request.header("content-type", "application/json");
        request.body(body(bytes)).send().await.whole().await
    };
    // It is read, and found to be empty.
    send(5 * 1024 * 1024).await.problem(422, BATCH);
    let problem = send(9 * 1024 * 1024).await.problem(413, BATCH);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("8388608"), "{detail}");
}

#[tokio::test]
async fn all_that_match_are_changed_and_counted() {
    let server = Server::start().await;
    let client = server.client();
    let tasks: Vec<Value> = (0..150)
        .map(|index| later(if index % 3 == 0 { "third" } else { "other" }))
        .collect();
    client.post(BATCH, &json!({"tasks": tasks})).await;
    let done = client.submit(json!({"seconds": 0})).await;
    client.finished(&done).await;

    let bulk = async |body: Value| {
        let answer = client.post(BULK, &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    };
    let third = json!({"tag": "third"});
    let outcome = bulk(json!({"action": "cancel", "filter": third})).await;
    assert_eq!(outcome, json!({"matched": 50, "changed": 50}));
    let outcome = bulk(json!({"action": "cancel", "filter": third})).await;
    assert_eq!(outcome, json!({"matched": 50, "changed": 0}));
    let outcome = bulk(json!({"action": "retry", "filter": {"tag": "nobody"}})).await;
    assert_eq!(outcome, json!({"matched": 0, "changed": 0}));
    let outcome = bulk(json!({"action": "delete", "filter": {}, "all": true})).await;
    assert_eq!(outcome, json!({"matched": 151, "changed": 51}));
    let failed = client.get("/api/tasks?tag=third").await.json();
    assert_eq!(failed["tasks"], json!([]));
}

#[tokio::test]
async fn a_change_that_does_not_say_which_tasks_changes_none() {
    let server = Server::start().await;
    let client = server.client();
    client.post("/api/tasks", &later("a")).await;
    for (body, pointer) in [
        (json!({"action": "cancel"}), "/filter"),
        (json!({"action": "cancel", "filter": {}}), "/filter"),
        (json!({"action": "cancel", "filter": {"q": " "}}), "/filter"),
        (
            json!({"action": "cancel", "filter": {"tag": "a"}, "all": true}),
            "/all",
        ),
        (
            json!({"action": "cancel", "filter": {"colour": "a"}}),
            "/filter/colour",
        ),
        (
            json!({"action": "cancel", "filter": {"state": "asleep"}}),
            "/filter/state",
        ),
        (
            json!({"action": "pause", "filter": {"tag": "a"}}),
            "/action",
        ),
        (json!({"filter": {"tag": "a"}}), ""),
    ] {
        let problem = client.post(BULK, &body).await.problem(422, BULK);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let tasks = client.get("/api/tasks?state=scheduled").await.json();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1);
}
