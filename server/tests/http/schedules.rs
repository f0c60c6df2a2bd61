//! Schedules over HTTP: made, read, changed, paused, foretold, forgotten.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::waits::eventually;
use crate::support::{Answer, Client, Server};

const UNKNOWN: &str = "/api/schedules/01938aaf-0000-7000-8000-000000000000";

fn nightly() -> Value {
    json!({
        "cron": "30 2 * * *",
        "time_zone": "Europe/Berlin",
        "task": {"kind": "sleep", "payload": {"seconds": 0}},
    })
}

async fn send(client: Client, method: &str, path: &str, body: &Value) -> Answer {
    let request = client.request(method, path).json(body);
    request.send().await.whole().await
}

/// Makes a schedule and returns its path.
async fn make(client: Client, schedule: &Value) -> String {
    let answer = client.post("/api/schedules", schedule).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    let path = answer.header("location").to_owned();
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(path, format!("/api/schedules/{id}"));
    path
}

#[tokio::test]
async fn a_schedule_lives_from_its_making_to_its_end() {
    let server = Server::start().await;
    let client = server.client();
    let path = make(client, &nightly()).await;
    let made = client.get(&path).await.json();
    assert_eq!(made["cron"], "30 2 * * *");
    assert_eq!(made["missed"], "run_once");
    assert!(made["next_fire_at"].is_string());
    let list = client.get("/api/schedules").await.json();
    assert_eq!(list, json!({"schedules": [made]}));

    let firings = client.get(&format!("{path}/firings?count=3")).await.json();
    let firings = firings["firings"].as_array().unwrap();
    assert_eq!(firings.len(), 3);
    assert_eq!(firings[0], made["next_fire_at"]);
    assert!(firings.is_sorted_by_key(|moment| moment.as_str().unwrap()));
    let ten = client.get(&format!("{path}/firings")).await.json();
    assert_eq!(ten["firings"].as_array().unwrap().len(), 10);

    let paused = client.post(&format!("{path}/pause"), &json!({})).await;
    assert_eq!(paused.json()["paused"], true);
    assert!(paused.json()["next_fire_at"].is_null());
    let resumed = client.post(&format!("{path}/resume"), &json!({})).await;
    assert_eq!(resumed.json(), made);

    let mut other = nightly();
    other["cron"] = json!("0 * * * *");
    other["paused"] = json!(true);
    let replaced = send(client, "PUT", &path, &other).await;
    assert_eq!(replaced.status, StatusCode::OK, "{}", replaced.text());
    let replaced = replaced.json();
    assert_eq!(replaced["cron"], "0 * * * *");
    assert_eq!(replaced["id"], made["id"]);
    assert_eq!(replaced["created_at"], made["created_at"]);
    assert!(replaced["next_fire_at"].is_null());
    assert_eq!(client.get(&path).await.json(), replaced);

    let deleted = client.request("DELETE", &path).send().await.whole().await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    client.get(&path).await.problem(404, &path);
}

#[tokio::test]
async fn a_schedule_submits_its_task() {
    let server = Server::start().await;
    let client = server.client();
    let mut each_second = nightly();
    each_second["cron"] = json!("* * * * * *");
    let path = make(client, &each_second).await;
    let id = path.rsplit('/').next().unwrap();
    let task = eventually("the task of a schedule", async || {
        let tasks = client.get("/api/tasks?limit=1").await.json();
        tasks["tasks"].get(0).cloned()
    })
    .await;
    assert_eq!(task["schedule_id"], id);
    assert!(client.get(&path).await.json()["last_fired_at"].is_string());
}

#[tokio::test]
async fn a_schedule_that_makes_no_sense_is_refused_with_the_place() {
    let server = Server::start().await;
    let client = server.client();
    let path = make(client, &nightly()).await;
    for (change, pointer) in [
        (json!({"cron": "61 * * * *"}), "/cron"),
        (json!({"time_zone": "Mars/Olympus"}), "/time_zone"),
        (json!({"missed": "later"}), "/missed"),
        (json!({"colour": "blue"}), "/colour"),
        (json!({"task": {"kind": "dream"}}), "/task/kind"),
        (
            json!({"task": {"kind": "sleep", "payload": {"seconds": -1}}}),
            "/task/payload/seconds",
        ),
        (
            json!({"task": {"kind": "sleep", "payload": {"seconds": 1}, "delay_ms": 5}}),
            "/task",
        ),
    ] {
        let mut schedule = nightly();
        for (name, value) in change.as_object().unwrap() {
            schedule[name] = value.clone();
        }
        for (method, path) in [("POST", "/api/schedules"), ("PUT", path.as_str())] {
            let answer = send(client, method, path, &schedule).await;
            let problem = answer.problem(422, path);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
    }
    for query in ["count=0", "count=101", "count=many", "number=1"] {
        let firings = format!("{path}/firings");
        let answer = client.get(&format!("{firings}?{query}")).await;
        answer.problem(422, &firings);
    }
    let list = client.get("/api/schedules").await.json();
    assert_eq!(list["schedules"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_schedule_that_is_not_there_is_not_found() {
    let server = Server::start().await;
    let client = server.client();
    client.get(UNKNOWN).await.problem(404, UNKNOWN);
    let firings = format!("{UNKNOWN}/firings");
    client.get(&firings).await.problem(404, &firings);
    let put = send(client, "PUT", UNKNOWN, &nightly()).await;
    put.problem(404, UNKNOWN);
    let deleted = client.request("DELETE", UNKNOWN).send().await.whole().await;
    deleted.problem(404, UNKNOWN);
    for asked in ["pause", "resume"] {
        let path = format!("{UNKNOWN}/{asked}");
        client.post(&path, &json!({})).await.problem(404, &path);
    }
    let path = "/api/schedules/nightly";
    let problem = client.get(path).await.problem(404, path);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("`nightly`"), "{detail}");
}
