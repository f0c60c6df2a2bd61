//! Schedules over HTTP: made, read, changed, paused, foretold, forgotten.

use glassworks_protocol::Scope;
use http::StatusCode;
use serde_json::{Value, json};

use crate::access::{ask, key};
use crate::support::forms::form;
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
async fn firings_are_told_on_both_clocks_before_and_after_there_is_a_schedule() {
    let server = Server::start().await;
    let client = server.client();
    let mut schedule = nightly();
    schedule["paused"] = json!(true);
    let path = make(client, &schedule).await;
    let told = client.get(&format!("{path}/firings?count=2")).await.json();
    let rule = "cron=30+2+*+*+*&time_zone=Europe/Berlin";
    let foretold = client.get(&format!("/api/firings?{rule}&count=2")).await;
    assert_eq!(foretold.json(), told);
    let local = told["local"][0].as_str().unwrap();
    assert!(
        local.contains("T02:30:00+") || local.contains("T03:00:00+"),
        "{local}"
    );
    let zoneless = client
        .get("/api/firings?cron=0+3+*+*+*&count=1")
        .await
        .json();
    assert!(
        zoneless["local"][0]
            .as_str()
            .unwrap()
            .ends_with("T03:00:00+00:00")
    );
    for (query, pointer) in [
        ("cron=61+*+*+*+*", "cron"),
        ("cron=0+3+*+*+*&time_zone=Mars", "time_zone"),
        ("cron=0+3+*+*+*&count=101", "count"),
    ] {
        let answer = client.get(&format!("/api/firings?{query}")).await;
        let problem = answer.problem(422, "/api/firings");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}

#[tokio::test]
async fn a_schedule_runs_when_it_is_told_to_although_it_is_paused() {
    let server = Server::start().await;
    let client = server.client();
    let mut schedule = nightly();
    schedule["paused"] = json!(true);
    schedule["task"]["unique_key"] = json!("one");
    schedule["task"]["payload"]["seconds"] = json!(600);
    let path = make(client, &schedule).await;
    let run = format!("{path}/run");
    let answer = client.post(&run, &json!({})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    let task = answer.json();
    assert_eq!(
        answer.header("location"),
        format!("/api/tasks/{}", task["id"].as_str().unwrap())
    );
    assert_eq!(
        path,
        format!("/api/schedules/{}", task["schedule_id"].as_str().unwrap())
    );
    assert_eq!(task["existing"], false);
    let again = client.post(&run, &json!({})).await.json();
    assert_eq!(
        (&again["id"], &again["existing"]),
        (&task["id"], &json!(true))
    );

    let tasks = client.get(&format!("{path}/tasks?limit=5")).await.json();
    let tasks = tasks["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0]["id"], task["id"]);
    let none = format!("{path}/tasks");
    client
        .get(&format!("{none}?limit=0"))
        .await
        .problem(422, &none);
    assert!(client.get(&path).await.json()["last_fired_at"].is_null());
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_schedule_and_runs_it_once() {
    let server = Server::start().await;
    let client = server.client();
    let id = "01938aaf-0000-7000-8000-00000000000a";
    let typed = [
        ("id", id),
        ("rule[cron]", "0 3 * * *"),
        ("rule[time_zone]", "Europe/Berlin"),
        ("rule[kind]", "sleep"),
        ("rule[missed]", "skip"),
        ("rule[overlap]", "skip"),
        ("payload[*]", r#"{"seconds": 0}"#),
        ("options[tags]", "a, b"),
    ];
    for _ in 0..2 {
        let answer = form(client, "/fn/save_schedule", &typed).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.text());
        assert_eq!(answer.header("location"), format!("/schedules/{id}"));
    }
    let list = client.get("/api/schedules").await.json();
    let list = list["schedules"].as_array().unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["missed"], "skip");
    assert_eq!(list[0]["task"]["unique_key"], format!("schedule:{id}"));
    assert_eq!(list[0]["task"]["tags"], json!(["a", "b"]));

    let run = [("id", id), ("change", "run"), ("request", "r-1")];
    for _ in 0..2 {
        let answer = form(client, "/fn/change_schedule", &run).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.text());
    }
    let tasks = format!("/api/schedules/{id}/tasks");
    let tasks = client.get(&tasks).await.json();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1);

    for (change, paused) in [("pause", true), ("resume", false)] {
        form(
            client,
            "/fn/change_schedule",
            &[("id", id), ("change", change)],
        )
        .await;
        let path = format!("/api/schedules/{id}");
        assert_eq!(client.get(&path).await.json()["paused"], paused);
    }
    let deleted = form(
        client,
        "/fn/change_schedule",
        &[("id", id), ("change", "delete")],
    )
    .await;
    assert_eq!(deleted.header("location"), "/schedules");
    let list = client.get("/api/schedules").await.json();
    assert_eq!(list["schedules"], json!([]));
}

#[tokio::test]
async fn a_form_that_makes_no_sense_comes_back_with_what_was_typed() {
    let server = Server::start().await;
    let client = server.client();
    let typed = [
        ("id", "01938aaf-0000-7000-8000-00000000000b"),
        ("rule[cron]", "61 * * * *"),
        ("rule[time_zone]", "UTC"),
        ("rule[kind]", "sleep"),
        ("payload[*]", r#"{"seconds": -1}"#),
    ];
    let answer = form(client, "/fn/save_schedule", &typed).await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.text());
    let back = answer.header("location").to_owned();
    assert!(back.starts_with("/schedules/new?"), "{back}");
    let page = client.get(&back).await;
    let html = page.text();
    assert!(html.contains("Nothing was saved"), "{html}");
    assert!(html.contains("61 * * * *"), "{html}");
    assert_eq!(html.matches("aria-invalid=\"true\"").count(), 2, "{html}");
    let list = client.get("/api/schedules").await.json();
    assert_eq!(list["schedules"], json!([]));
}

#[tokio::test]
async fn who_only_reads_sees_schedules_and_no_buttons() {
    let server = Server::start().await;
    let client = server.client();
    let path = make(client, &nightly()).await;
    let id = path.rsplit('/').next().unwrap();
    let pages = ["/schedules".to_owned(), format!("/schedules/{id}")];
    for page in &pages {
        assert!(client.get(page).await.text().contains("Run now"), "{page}");
    }
    let reader = key(&server, Scope::Read).await.secret;
    for page in &pages {
        let html = ask(client, &reader, "GET", page, None)
            .await
            .text()
            .to_owned();
        assert!(html.contains("30 2 * * *"), "{page}");
        for word in ["Run now", "Pause", "Edit", "New schedule", "Delete"] {
            assert!(!html.contains(word), "{page}: {word}");
        }
    }
    for function in ["/fn/change_schedule", "/fn/save_schedule"] {
        let refused = ask(client, &reader, "POST", function, Some(json!({}))).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
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
    let tasks = format!("{UNKNOWN}/tasks");
    client.get(&tasks).await.problem(404, &tasks);
    for asked in ["pause", "resume", "run"] {
        let path = format!("{UNKNOWN}/{asked}");
        client.post(&path, &json!({})).await.problem(404, &path);
    }
    let path = "/api/schedules/nightly";
    let problem = client.get(path).await.problem(404, path);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("`nightly`"), "{detail}");
}
