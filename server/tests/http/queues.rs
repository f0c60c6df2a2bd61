//! Queues over HTTP: listed, set, paused and resumed.

use glassworks_protocol::Scope;
use http::StatusCode;
use serde_json::{Value, json};

use crate::access::{ask, key};
use crate::support::forms::form;
use crate::support::waits::eventually;
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

#[tokio::test]
async fn a_pause_says_until_when_and_ends_by_itself() {
    let server = Server::start().await;
    let client = server.client();
    let pause = "/api/queues/mail/pause";
    let far = client
        .post(&format!("{pause}?until=2100-01-01T00:00:00Z"), &json!({}))
        .await;
    assert_eq!(far.json()["paused_until"], "2100-01-01T00:00:00.000Z");
    let task = json!({"kind": "sleep", "payload": {"seconds": 0}, "queue": "mail"});
    let waiting = client.post("/api/tasks", &task).await.json();
    let soon = glassworks_protocol::Timestamp::now().plus_millis(300);
    client
        .post(&format!("{pause}?until={soon}"), &json!({}))
        .await;
    // Nobody resumes it.
    let task = client.finished(waiting["id"].as_str().unwrap()).await;
    assert_eq!(task["state"], "completed");
    let queue = client.get("/api/queues/mail").await.json();
    assert_eq!(queue["paused"], false);
    assert!(queue.get("paused_until").is_none(), "{queue}");
    for (query, pointer) in [
        ("until=2000-01-01T00:00:00Z", "until"),
        ("until=soon", "until"),
    ] {
        let answer = client.post(&format!("{pause}?{query}"), &json!({})).await;
        assert_eq!(answer.problem(422, pause)["errors"][0]["pointer"], pointer);
    }
    let running = json!({"paused": false, "paused_until": "2100-01-01T00:00:00Z"});
    let refused = put(client, "/api/queues/mail", &running).await;
    let problem = refused.problem(422, "/api/queues/mail");
    assert_eq!(problem["errors"][0]["pointer"], "/paused_until");
}

#[tokio::test]
async fn a_queue_is_drained_of_what_waits_and_of_nothing_else() {
    let server = Server::start().await;
    let client = server.client();
    let submit = async |queue: &str, more: Value| {
        let mut task = json!({"kind": "sleep", "payload": {"seconds": 600}, "queue": queue});
        for (name, value) in more.as_object().unwrap() {
            task[name] = value.clone();
        }
        let task = client.post("/api/tasks", &task).await.json();
        task["id"].as_str().unwrap().to_owned()
    };
    let running = submit("mail", json!({})).await;
    eventually("the task to run", async || {
        let task = client.get(&format!("/api/tasks/{running}")).await.json();
        (task["state"] == "running").then_some(())
    })
    .await;
    client.post("/api/queues/mail/pause", &json!({})).await;
    let queued = submit("mail", json!({})).await;
    let scheduled = submit("mail", json!({"delay_ms": 600_000})).await;
    let other = submit("other", json!({"delay_ms": 600_000})).await;
    let drained = client.post("/api/queues/mail/drain", &json!({})).await;
    assert_eq!(drained.json(), json!({"matched": 2, "changed": 2}));
    for (id, state) in [
        (&running, "running"),
        (&queued, "cancelled"),
        (&scheduled, "cancelled"),
        (&other, "scheduled"),
    ] {
        let task = client.get(&format!("/api/tasks/{id}")).await.json();
        assert_eq!(task["state"], state);
    }
    let path = "/api/queues/nobody/drain";
    client.post(path, &json!({})).await.problem(404, path);
}

#[tokio::test]
async fn a_queue_tells_how_it_went_of_late() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.submit(json!({"seconds": 0})).await;
    client.finished(&id).await;
    let path = "/api/queues/default/history";
    let history = eventually("a look at the queue", async || {
        let history = client.get(path).await.json();
        let done = history["completed"].as_array().unwrap().iter();
        let done: u64 = done.filter_map(Value::as_u64).sum();
        (done > 0).then_some(history)
    })
    .await;
    assert_eq!(history["interval_ms"], 5_000);
    let length = |name: &str| history[name].as_array().unwrap().len();
    for name in ["queued", "running", "submitted", "failed"] {
        assert_eq!(length(name), length("completed"), "{name}");
    }
    let path = "/api/queues/nobody/history";
    client.get(path).await.problem(404, path);
}

#[tokio::test]
async fn forms_without_scripts_limit_pause_and_drain_a_queue() {
    let server = Server::start().await;
    let client = server.client();
    let ask = async |pairs: &[(&str, &str)]| {
        let mut all = vec![("name", "mail")];
        all.extend(pairs);
        let answer = form(client, "/fn/change_queue", &all).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.text());
        answer
    };
    let queue = async || client.get("/api/queues/mail").await.json();
    let made = ask(&[("change", "limit")]).await;
    assert_eq!(made.header("location"), "/queues/mail");
    ask(&[
        ("change", "limit"),
        ("typed[concurrency]", "4"),
        ("typed[rate_tasks]", "10"),
        ("typed[rate_per_ms]", "0.5"),
    ])
    .await;
    ask(&[("change", "pause"), ("typed[minutes]", "60")]).await;
    let limited = queue().await;
    assert_eq!(limited["concurrency"], 4);
    assert_eq!(limited["rate"], json!({"tasks": 10, "per_ms": 500}));
    assert!(limited["paused_until"].is_string());
    let page = client.get("/queues/mail").await;
    assert!(page.text().contains("paused until"), "{}", page.text());

    let wrong = ask(&[("change", "limit"), ("typed[rate_tasks]", "10")]).await;
    let location = wrong.header("location");
    assert!(location.contains("__err="), "{location}");
    assert_eq!(queue().await, limited);
    ask(&[("change", "resume")]).await;
    assert_eq!(queue().await["paused"], false);
}

#[tokio::test]
async fn who_only_reads_sees_queues_and_no_buttons() {
    let server = Server::start().await;
    let client = server.client();
    client.post("/api/queues/mail/pause", &json!({})).await;
    let reader = key(&server, Scope::Read).await.secret;
    for page in ["/queues", "/queues/mail"] {
        let html = ask(client, &reader, "GET", page, None)
            .await
            .text()
            .to_owned();
        assert!(html.contains("paused"), "{page}");
        assert!(!html.contains("<button"), "{page}");
    }
    let refused = ask(client, &reader, "POST", "/fn/change_queue", Some(json!({}))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}
