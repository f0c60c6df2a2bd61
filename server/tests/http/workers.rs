//! Workers over HTTP: claims, beats and ends, each of them repeated, and what happens to those who
//! hang up or fall silent.

use std::time::Duration;

use glassworks_engine::Options;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::waits::{eventually, within};
use crate::support::{Client, Server};

/// A worker of one kind.
struct Worker {
    client: Client,
    name: &'static str,
}

impl Worker {
    async fn ask(&self, body: &Value) -> Value {
        let answer = self.client.post("/api/claims", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    }

    fn request(&self, wait_ms: u64) -> Value {
        json!({
            "worker": self.name, "kinds": [{"kind": "resize"}], "limit": 10, "wait_ms": wait_ms,
        })
    }

    /// Claims what there is, and waits for the first.
    async fn claim(&self) -> Vec<Value> {
        let answer = self.ask(&self.request(10_000)).await;
        answer["tasks"].as_array().unwrap().clone()
    }

    /// Claims one task, the only one.
    async fn claim_one(&self) -> Held {
        let tasks = self.claim().await;
        assert_eq!(tasks.len(), 1, "{tasks:?}");
        Held::of(&tasks[0])
    }

    async fn beat(&self, item: Value) -> Value {
        let body = json!({"worker": self.name, "items": [item]});
        let answer = self.client.post("/api/claims/beat", &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["items"][0].clone()
    }

    async fn end(&self, how: &str, item: Value) -> Value {
        let path = format!("/api/claims/{how}");
        let answer = self.client.post(&path, &json!({"items": [item]})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["items"][0]["status"].clone()
    }
}

/// A task that a worker holds.
#[derive(Clone)]
struct Held {
    task: String,
    lease: String,
    attempt: u64,
}

impl Held {
    fn of(claimed: &Value) -> Self {
        let text = |name: &str| claimed[name].as_str().unwrap().to_owned();
        Self {
            task: text("task"),
            lease: text("lease"),
            attempt: claimed["attempt"].as_u64().unwrap(),
        }
    }

    /// What is said of it, with `more`.
    fn item(&self, more: &Value) -> Value {
        let mut item = json!({"task": self.task, "lease": self.lease});
        let more = more.as_object().unwrap().clone();
        item.as_object_mut().unwrap().extend(more);
        item
    }
}

/// A server with a worker that has been there.
async fn start() -> (Server, Worker) {
    let server = Server::start().await;
    let worker = Worker {
        client: server.client(),
        name: "w",
    };
    assert!(
        worker.ask(&worker.request(0)).await["tasks"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    (server, worker)
}

async fn submit(client: Client, more: &Value) -> String {
    let mut task = json!({"kind": "resize", "payload": {"width": 5}});
    let more = more.as_object().unwrap().clone();
    task.as_object_mut().unwrap().extend(more);
    let answer = client.post("/api/tasks", &task).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn task(client: Client, id: &str) -> Value {
    client.get(&format!("/api/tasks/{id}")).await.json()
}

async fn output(client: Client, id: &str) -> String {
    let answer = client.get(&format!("/api/tasks/{id}/output")).await;
    answer.text().to_owned()
}

#[tokio::test]
async fn a_task_is_done_by_a_worker() {
    let (server, worker) = start().await;
    let client = server.client();
    let id = submit(client, &json!({})).await;
    let tasks = worker.claim().await;
    assert_eq!(tasks[0]["payload"], json!({"width": 5}));
    assert_eq!(tasks[0]["kind"], "resize");
    assert_eq!(tasks[0]["lease_ms"], 10_000);
    let held = Held::of(&tasks[0]);
    assert_eq!(held.task, id);
    let running = task(client, &id).await;
    assert_eq!(
        (&running["state"], &running["node"]),
        (&json!("running"), &json!("w"))
    );

    let said = held.item(&json!({
        "progress": {"fraction": 0.5, "message": "half"},
        "output": [{"offset": 0, "text": "one\n"}, {"offset": 4, "text": "oh\n", "stream": "stderr"}],
        "spans": [{"name": "read", "start_ms": 0, "end_ms": 1.5}],
    }));
    for _ in 0..2 {
        let standing = worker.beat(said.clone()).await;
        assert_eq!(
            standing,
            json!({"task": id, "status": "ok", "output_bytes": 7})
        );
    }
    assert_eq!(task(client, &id).await["progress"]["fraction"], 0.5);

    let done = held.item(&json!({
        "output": {"offset": 7, "text": "done\n"}, "result": {"bytes": 12},
    }));
    for _ in 0..2 {
        assert_eq!(worker.end("complete", done.clone()).await, "ok");
    }
    let over = client.finished(&id).await;
    assert_eq!(over["state"], "completed");
    assert_eq!(over["result"], json!({"bytes": 12}));
    assert_eq!(output(client, &id).await, "one\noh\ndone\n");
    let events = client.get(&format!("/api/tasks/{id}/events")).await.json();
    let spans = events["events"].as_array().unwrap().iter();
    assert_eq!(spans.filter(|event| event["type"] == "span").count(), 1);
    assert_eq!(worker.beat(held.item(&json!({}))).await["status"], "lost");
}

#[tokio::test]
async fn failures_and_releases_are_those_of_any_attempt() {
    let (server, worker) = start().await;
    let client = server.client();
    let id = submit(client, &json!({"max_attempts": 2})).await;
    let held = worker.claim_one().await;
    let failed = held.item(&json!({"error": "no disk", "retry_after_ms": 1}));
    assert_eq!(worker.end("fail", failed.clone()).await, "ok");
    let held = worker.claim_one().await;
    assert_eq!(held.attempt, 2);
    assert_eq!(
        worker.end("fail", failed).await,
        "lost",
        "another attempt goes on"
    );
    assert_eq!(worker.end("release", held.item(&json!({}))).await, "ok");
    let held = worker.claim_one().await;
    assert_eq!(held.attempt, 3, "the one before it does not count");
    let failed = held.item(&json!({"error": "no such file", "permanent": true}));
    for _ in 0..2 {
        assert_eq!(worker.end("fail", failed.clone()).await, "ok");
    }
    let over = client.finished(&id).await;
    assert_eq!(over["state"], "failed");
    assert_eq!(over["error"]["message"], "no such file");
}

#[tokio::test]
async fn ends_ride_with_the_next_claim() {
    let (server, worker) = start().await;
    let client = server.client();
    let ids = [
        submit(client, &json!({})).await,
        submit(client, &json!({})).await,
    ];
    let mut request = worker.request(5_000);
    request["limit"] = json!(1);
    let first = Held::of(&worker.ask(&request).await["tasks"][0]);
    request["finished"] = json!([first.item(&json!({"outcome": "complete", "result": 1}))]);
    let answer = worker.ask(&request).await;
    assert_eq!(answer["finished"][0]["status"], "ok");
    assert_eq!(task(client, &ids[0]).await["state"], "completed");
    assert_eq!(answer["tasks"][0]["task"], json!(ids[1]));
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_gives_the_same_tasks() {
    let (server, worker) = start().await;
    submit(server.client(), &json!({})).await;
    submit(server.client(), &json!({})).await;
    let mut request = worker.request(0);
    request["limit"] = json!(1);
    request["request_id"] = json!("7d0c6a52-8f34-4c0e");
    let first = worker.ask(&request).await;
    let again = worker.ask(&request).await;
    assert_eq!(first["tasks"][0]["task"], again["tasks"][0]["task"]);
    let held = Held::of(&again["tasks"][0]);
    assert_eq!(held.lease, first["tasks"][0]["lease"]);
    assert_eq!(worker.end("complete", held.item(&json!({}))).await, "ok");
    let next = worker.ask(&request).await;
    assert_ne!(next["tasks"][0]["task"], json!(held.task));
}

#[tokio::test]
async fn a_waiting_worker_is_given_work_as_soon_as_there_is_any() {
    let (server, worker) = start().await;
    let client = server.client();
    let waiting = tokio::spawn(async move { worker.claim().await });
    waits_in_line(client, 1).await;
    let id = submit(client, &json!({})).await;
    let tasks = within("a task for who waits", waiting).await.unwrap();
    assert_eq!(tasks[0]["task"], json!(id));

    // One whose moment comes later, too.
    let worker = Worker { client, name: "w" };
    let waiting = tokio::spawn(async move { worker.claim().await });
    let id = submit(client, &json!({"delay_ms": 300})).await;
    let tasks = within("a task whose moment comes", waiting).await.unwrap();
    assert_eq!(tasks[0]["task"], json!(id));
}

/// Waits until so many claims wait.
async fn waits_in_line(client: Client, count: usize) {
    let line = format!("glassworks_worker_claims_waiting {count}\n");
    eventually(format_args!("{count} claims that wait"), async || {
        let is_so = client.get("/metrics").await.text().contains(&line);
        is_so.then_some(())
    })
    .await;
}

#[tokio::test]
async fn whoever_came_first_is_served_first() {
    let (server, _) = start().await;
    let client = server.client();
    let mut waiting = Vec::new();
    for (place, name) in ["first", "second", "third"].into_iter().enumerate() {
        let worker = Worker { client, name };
        waiting.push(tokio::spawn(async move { worker.claim_one().await }));
        waits_in_line(client, place + 1).await;
    }
    for (place, claim) in waiting.into_iter().enumerate() {
        let id = submit(client, &json!({})).await;
        let held = within("a task for the first in line", claim).await.unwrap();
        assert_eq!(held.task, id, "place {place}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_takes_nothing() {
    let (server, worker) = start().await;
    let client = server.client();
    let body = worker.request(60_000).to_string();
    let request = format!(
        "POST /api/claims HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    );
    let mut gone = TcpStream::connect(server.address).await.unwrap();
    gone.write_all(request.as_bytes()).await.unwrap();
    waits_in_line(client, 1).await;
    drop(gone);
    waits_in_line(client, 0).await;
    submit(client, &json!({})).await;
    let held = worker.claim_one().await;
    assert_eq!(held.attempt, 1);
}

#[tokio::test]
async fn an_empty_wait_is_an_answer() {
    let (_server, worker) = start().await;
    let answer = worker.ask(&worker.request(50)).await;
    assert_eq!(answer, json!({"tasks": [], "drain": false}));
}

#[tokio::test]
async fn a_cancel_is_told_with_the_beat() {
    let (server, worker) = start().await;
    let client = server.client();
    let id = submit(client, &json!({})).await;
    let held = worker.claim_one().await;
    assert_eq!(worker.beat(held.item(&json!({}))).await["status"], "ok");
    client
        .post(&format!("/api/tasks/{id}/cancel"), &json!({}))
        .await;
    assert_eq!(worker.beat(held.item(&json!({}))).await["status"], "cancel");
    assert_eq!(task(client, &id).await["state"], "running");
    assert_eq!(worker.end("release", held.item(&json!({}))).await, "ok");
    assert_eq!(task(client, &id).await["state"], "cancelled");
}

/// A server whose leases are short.
async fn hasty() -> (Server, Worker) {
    let options = Options {
        first_lease: Duration::from_millis(1_500),
        lease: Duration::from_millis(1_500),
        ..Options::default()
    };
    let server = Server::with_options(options).await;
    let worker = Worker {
        client: server.client(),
        name: "w",
    };
    worker.ask(&worker.request(0)).await;
    (server, worker)
}

#[tokio::test]
async fn a_silent_worker_loses_its_task() {
    let (server, worker) = hasty().await;
    let client = server.client();
    let id = submit(client, &json!({})).await;
    let held = worker.claim_one().await;
    let other = Worker {
        client,
        name: "other",
    };
    let again = other.claim_one().await;
    assert_eq!((again.task.as_str(), again.attempt), (id.as_str(), 2));
    for late in ["complete", "release"] {
        assert_eq!(worker.end(late, held.item(&json!({}))).await, "lost");
    }
    assert_eq!(worker.beat(held.item(&json!({}))).await["status"], "lost");
    assert_eq!(other.end("complete", again.item(&json!({}))).await, "ok");
    let over = client.finished(&id).await;
    let message = over["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("the worker w was silent for "),
        "{message}"
    );
    let metrics = client.get("/metrics").await;
    assert!(
        metrics
            .text()
            .contains("glassworks_worker_expired_attempts_total 1\n")
    );
    assert!(
        metrics
            .text()
            .contains("glassworks_worker_lost_leases_total 3\n")
    );
}

#[tokio::test]
async fn a_time_limit_is_kept_for_the_worker() {
    let (server, worker) = start().await;
    let client = server.client();
    let id = submit(client, &json!({"timeout_ms": 1, "max_attempts": 1})).await;
    let held = worker.claim_one().await;
    assert_eq!(worker.beat(held.item(&json!({}))).await["status"], "cancel");
    // Whatever the worker calls it: the attempt is used up.
    assert_eq!(worker.end("release", held.item(&json!({}))).await, "ok");
    let over = client.finished(&id).await;
    assert_eq!(over["state"], "failed");
    assert_eq!(over["error"]["message"], "timed out after 1 ms");
}

#[tokio::test]
async fn a_kind_exists_once_a_worker_has_offered_it() {
    let server = Server::start().await;
    let client = server.client();
    let new = json!({"kind": "resize", "payload": {"width": "wide"}});
    let problem = client
        .post("/api/tasks", &new)
        .await
        .problem(422, "/api/tasks");
    let detail = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("sleep"), "{detail}");

    let worker = Worker { client, name: "w" };
    let mut request = worker.request(0);
    request["kinds"][0]["description"] = json!("Makes an image smaller.");
    request["kinds"][0]["schema"] = json!({
        "type": "object", "properties": {"width": {"type": "integer"}},
    });
    worker.ask(&request).await;
    let problem = client
        .post("/api/tasks", &new)
        .await
        .problem(422, "/api/tasks");
    assert_eq!(problem["errors"][0]["pointer"], "/payload/width");
    submit(client, &json!({})).await;
    let kinds = client.get("/api/kinds").await.json();
    let kinds = kinds["kinds"].as_array().unwrap();
    let resize = kinds.iter().find(|it| it["kind"] == "resize").unwrap();
    assert_eq!(resize["description"], "Makes an image smaller.");
    assert_eq!(
        (&resize["origin"], &resize["queued"]),
        (&json!("worker"), &json!(1))
    );
    assert_eq!(resize["workers"], json!(["w"]));
    assert!(resize["worker_last_seen_at"].is_string());
    assert_eq!(resize["schema"]["properties"]["width"]["type"], "integer");
    let sleep = kinds.iter().find(|it| it["kind"] == "sleep").unwrap();
    assert_eq!(sleep["origin"], "built_in");
}

#[tokio::test]
async fn what_makes_no_sense_is_told_where() {
    let (server, worker) = start().await;
    let client = server.client();
    let claim = |pointer: &str, value: Value| {
        let mut request = worker.request(0);
        *request.pointer_mut(pointer).unwrap() = value;
        request
    };
    for (pointer, value, at) in [
        ("/worker", json!("a b"), "/worker"),
        ("/kinds", json!([]), "/kinds"),
        ("/kinds/0/kind", json!("sleep"), "/kinds/0/kind"),
        ("/kinds/0/kind", json!(""), "/kinds/0/kind"),
        (
            "/kinds/0",
            json!({"kind": "a", "schema": {"type": 5}}),
            "/kinds/0/schema",
        ),
        ("/limit", json!(0), "/limit"),
        ("/limit", json!(1_001), "/limit"),
        ("/wait_ms", json!(60_001), "/wait_ms"),
        ("/limit", json!("many"), "/limit"),
    ] {
        let answer = client
            .post("/api/claims", &claim(pointer, value.clone()))
            .await;
        let problem = answer.problem(422, "/api/claims");
        assert_eq!(problem["errors"][0]["pointer"], at, "{value}");
    }
    let mut request = worker.request(0);
    request["request_id"] = json!("short");
    let answer = client.post("/api/claims", &request).await;
    let problem = answer.problem(422, "/api/claims");
    assert_eq!(problem["errors"][0]["pointer"], "/request_id");

    let item = json!({"task": "019ab0f5-2f5c-7cc1-9d2a-4b7d3c1e8f60", "lease": "x"});
    let with = |more: Value| {
        let mut item = item.clone();
        item.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"worker": "w", "items": [item]})
    };
    for (more, at) in [
        (
            json!({"progress": {"fraction": 2}}),
            "/items/0/progress/fraction",
        ),
        (json!({"output": {"offset": 0}}), "/items/0/output"),
        (json!({"output": "text"}), "/items/0/output"),
        (
            json!({"spans": [{"name": "a", "start_ms": 2, "end_ms": 1}]}),
            "/items/0/spans/0/end_ms",
        ),
        (json!({"result": 1}), "/items/0/result"),
    ] {
        let answer = client.post("/api/claims/beat", &with(more.clone())).await;
        let problem = answer.problem(422, "/api/claims/beat");
        assert_eq!(problem["errors"][0]["pointer"], at, "{more}");
    }
    for how in ["complete", "fail", "release"] {
        let path = format!("/api/claims/{how}");
        client
            .post(&path, &json!({"items": []}))
            .await
            .problem(422, &path);
    }
}

#[tokio::test]
async fn a_worker_that_is_to_end_is_given_no_more() {
    let (server, worker) = start().await;
    let client = server.client();
    let id = submit(client, &json!({})).await;
    let held = worker.claim_one().await;
    let nodes = client.get("/api/nodes").await.json();
    let info = &nodes["workers"][0];
    assert_eq!(
        (&info["name"], &info["kinds"]),
        (&json!("w"), &json!(["resize"]))
    );
    assert_eq!(
        (&info["tasks"], &info["running"]),
        (&json!([id]), &json!(1))
    );
    let path = format!("/api/nodes/{}/drain", info["id"].as_str().unwrap());
    assert_eq!(client.post(&path, &json!({})).await.json()["drain"], true);
    submit(client, &json!({})).await;
    let answer = worker.ask(&worker.request(60_000)).await;
    assert_eq!(answer, json!({"tasks": [], "drain": true}));
    let body = json!({"worker": "w", "items": [held.item(&json!({}))]});
    let beat = client.post("/api/claims/beat", &body).await.json();
    assert_eq!(
        (&beat["drain"], &beat["lease_ms"]),
        (&json!(true), &json!(30_000))
    );
    assert_eq!(worker.end("complete", held.item(&json!({}))).await, "ok");
    let path = path.replace("drain", "resume");
    assert_eq!(client.post(&path, &json!({})).await.json()["running"], 0);
    assert_eq!(worker.claim().await.len(), 1);
    let path = "/api/nodes/00000000-0000-7000-8000-000000000000/drain";
    client.post(path, &json!({})).await.problem(404, path);
}

#[tokio::test]
async fn a_shutdown_sends_those_who_wait_away() {
    let (server, worker) = start().await;
    let client = server.client();
    let body = worker.request(60_000).to_string();
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "POST /api/claims HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    waits_in_line(client, 1).await;
    let engine = server.engine.clone();
    let ending = tokio::spawn(async move { engine.shutdown().await });
    let mut answer = String::new();
    within(
        "an answer for who waits",
        stream.read_to_string(&mut answer),
    )
    .await
    .unwrap();
    assert!(answer.contains("\"tasks\":[]"), "{answer}");
    within("the shutdown", ending).await.unwrap();
}
