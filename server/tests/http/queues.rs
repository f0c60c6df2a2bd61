//! Queues over HTTP: listed, set, paused and resumed.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server};

async fn put(client: Client, path: &str, body: &Value) -> Answer {
    let request = client.request("PUT", path).json(body);
    request.send().await.whole().await
}

#[tokio::test]
async fn a_queue_is_set_and_read_and_holds_its_tasks_back_while_it_is_paused() {
    let server = Server::start().await;
    let client = server.client();
    assert_eq!(
        client.get("/api/queues").await.json(),
        json!({"queues": []})
    );
    let settings = json!({"concurrency": 2, "rate": {"tasks": 5, "per_ms": 1000}});
    let answer = put(client, "/api/queues/mail", &settings).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.json()["concurrency"], 2);

    let paused = client.post("/api/queues/mail/pause", &json!({})).await;
    assert_eq!(paused.json()["paused"], true);
    assert_eq!(paused.json()["concurrency"], 2, "the limits stay");
    let task = json!({"kind": "sleep", "payload": {"seconds": 0}, "queue": "mail"});
    let waiting = client.post("/api/tasks", &task).await.json();
    let other = client.submit(json!({"seconds": 0})).await;
    client.finished(&other).await;
    let queue = client.get("/api/queues/mail").await.json();
    assert_eq!(queue["tasks"]["queued"], 1);
    let list = client.get("/api/queues").await.json();
    let names: Vec<&Value> = list["queues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|queue| &queue["name"])
        .collect();
    assert_eq!(names, ["default", "mail"]);

    // A POST without a body is as good.
    let resume = client.request("POST", "/api/queues/mail/resume");
    let resumed = resume.send().await.whole().await;
    assert_eq!(resumed.json()["paused"], false);
    let task = client.finished(waiting["id"].as_str().unwrap()).await;
    assert_eq!(task["state"], "completed");
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_with_the_place() {
    let server = Server::start().await;
    let client = server.client();
    for (path, body, pointer) in [
        (
            "/api/queues/mail",
            json!({"concurrency": 0}),
            "/concurrency",
        ),
        (
            "/api/queues/mail",
            json!({"max_running": -1}),
            "/max_running",
        ),
        (
            "/api/queues/mail",
            json!({"rate": {"tasks": 0, "per_ms": 1}}),
            "/rate/tasks",
        ),
        ("/api/queues/mail", json!({"rate": {"tasks": 1}}), "/rate"),
        ("/api/queues/mail", json!({"colour": "blue"}), "/colour"),
        ("/api/queues/a%20b", json!({}), "name"),
    ] {
        let problem = put(client, path, &body).await.problem(422, path);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let problem = client.post("/api/queues/a%20b/pause", &json!({})).await;
    problem.problem(422, "/api/queues/a%20b/pause");
    assert_eq!(
        client.get("/api/queues").await.json(),
        json!({"queues": []})
    );
}

#[tokio::test]
async fn a_queue_that_nobody_uses_is_not_found() {
    let server = Server::start().await;
    for path in ["/api/queues/mail", "/api/queues/a%20b", "/api/queues/%ff"] {
        server.client().get(path).await.problem(404, path);
    }
}
