//! The log of who changed what.

use glassworks_protocol::Scope;
use serde_json::{Value, json};

use super::super::support::Server;
use super::{ask, key, sleep};

#[tokio::test]
async fn each_change_that_was_made_is_told_with_who_and_from_where() {
    let server = Server::start().await;
    let client = server.client();
    let admin = key(&server, Scope::Admin).await;
    let asked = async |method: &str, path: &str, body: Option<Value>| {
        ask(client, &admin.secret, method, path, body).await
    };
    let mut later = sleep(0.0);
    later["delay_ms"] = json!(3_600_000);
    let task = asked("POST", "/api/tasks", Some(later.clone()))
        .await
        .json();
    assert_eq!(task["submitted_by"], "test-admin");
    let id = task["id"].as_str().unwrap();
    let batch = json!({"tasks": [later, later]});
    assert_eq!(
        asked("POST", "/api/tasks/batch", Some(batch)).await.status,
        202
    );
    let path = format!("/api/tasks/{id}");
    assert_eq!(
        asked("POST", &format!("{path}/cancel"), None).await.status,
        202
    );
    // What changes nothing is not told.
    assert_eq!(
        asked("POST", &format!("{path}/cancel"), None).await.status,
        409
    );
    assert_eq!(asked("DELETE", &path, None).await.status, 204);
    assert_eq!(asked("POST", "/api/queues/q/pause", None).await.status, 200);
    let rule = json!({"cron": "0 3 * * *", "task": {"kind": "sleep", "payload": {"seconds": 1}}});
    let schedule = asked("POST", "/api/schedules", Some(rule)).await.json();
    let schedule = schedule["id"].as_str().unwrap();
    let path = format!("/api/schedules/{schedule}");
    assert_eq!(asked("DELETE", &path, None).await.status, 204);
    assert_eq!(asked("DELETE", &path, None).await.status, 404);

    let log = asked("GET", "/api/audit", None).await.json();
    let entries = log["entries"].as_array().unwrap();
    let told: Vec<(&str, &str)> = entries
        .iter()
        .map(|entry| {
            let word = |name: &str| entry[name].as_str().unwrap();
            (word("action"), word("target"))
        })
        .collect();
    let batch_of = entries[5]["target"].as_str().unwrap();
    let expected = [
        ("delete_schedule", schedule),
        ("set_schedule", schedule),
        ("set_queue", "q"),
        ("delete_task", id),
        ("cancel_task", id),
        ("submit_task", batch_of),
        ("submit_task", id),
    ];
    assert_eq!(told, expected);
    assert_eq!(entries[5]["tasks"], 2);
    for entry in entries {
        assert_eq!(entry["actor"]["kind"], "key");
        assert_eq!(entry["actor"]["name"], "test-admin");
        assert_eq!(entry["actor"]["id"], admin.key.id.to_string());
        assert_eq!(entry["actor"]["from"], "127.0.0.1");
    }

    for (query, count) in [
        ("actor=test-admin".to_owned(), 7),
        (format!("actor={}", admin.key.id), 7),
        ("actor=nobody".to_owned(), 0),
        ("action=submit_task".to_owned(), 2),
        ("action=set_queue".to_owned(), 1),
        (format!("target={id}"), 3),
        (format!("target={id}&action=cancel_task"), 1),
        ("since=2020-01-01T00:00:00Z".to_owned(), 7),
        ("until=2020-01-01T00:00:00Z".to_owned(), 0),
    ] {
        let log = asked("GET", &format!("/api/audit?{query}"), None)
            .await
            .json();
        assert_eq!(log["entries"].as_array().unwrap().len(), count, "{query}");
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = asked("GET", &format!("/api/audit?limit=3&cursor={cursor}"), None).await;
        let page = page.json();
        seen.extend(page["entries"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(&seen, entries);
    for bad in ["limit=0", "limit=201", "action=x", "since=x", "cursor=x"] {
        let answer = asked("GET", &format!("/api/audit?{bad}"), None).await;
        answer.problem(422, "/api/audit");
    }
}

#[tokio::test]
async fn while_nobody_has_to_sign_in_the_log_tells_the_address() {
    let server = Server::start().await;
    let id = server.client().submit(json!({"seconds": 0})).await;
    let log = server.client().get("/api/audit").await.json();
    let entry = &log["entries"][0];
    assert_eq!(entry["target"], *id);
    assert_eq!(entry["actor"]["kind"], "anonymous");
    assert_eq!(entry["actor"]["from"], "127.0.0.1");
    let task = server
        .client()
        .get(&format!("/api/tasks/{id}"))
        .await
        .json();
    assert_eq!(task["submitted_by"], Value::Null);
}

#[tokio::test]
async fn a_schedule_is_told_as_who_submitted() {
    let server = Server::start().await;
    let client = server.client();
    let rule = json!({"cron": "* * * * * *", "task": {"kind": "sleep", "payload": {"seconds": 0}}});
    let schedule = client.post("/api/schedules", &rule).await.json();
    let entry = super::super::support::waits::eventually("a firing in the log", async || {
        let log = client.get("/api/audit?action=submit_task").await.json();
        let entry = log["entries"][0].clone();
        entry.is_object().then_some(entry)
    })
    .await;
    assert_eq!(entry["actor"]["kind"], "schedule");
    assert_eq!(entry["actor"]["id"], schedule["id"]);
    let task = entry["target"].as_str().unwrap();
    let task = client.get(&format!("/api/tasks/{task}")).await.json();
    assert_eq!(task["schedule_id"], schedule["id"]);
}
