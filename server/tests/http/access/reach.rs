//! A key that is limited to kinds and queues sees and changes nothing else.

use glassworks_protocol::{NewKey, Scope};
use serde_json::{Value, json};

use super::super::support::Server;
use super::{ask, key, new_key, sleep};

fn in_queue(queue: &str, rest: &Value) -> Value {
    let mut task = sleep(0.0);
    task["queue"] = json!(queue);
    for (name, value) in rest.as_object().unwrap() {
        task[name] = value.clone();
    }
    task
}

#[tokio::test]
async fn tasks_of_other_queues_are_not_there() {
    let server = Server::start().await;
    let client = server.client();
    let admin = key(&server, Scope::Admin).await.secret;
    let limited = NewKey {
        queues: vec!["own".to_owned()],
        ..new_key("limited", Scope::Submit)
    };
    let limited = server.engine.create_key(limited).await.unwrap().secret;
    let submit = async |key: &str, task: Value| {
        let answer = ask(client, key, "POST", "/api/tasks", Some(task)).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    let foreign = json!({"delay_ms": 3_600_000, "unique_key": "u", "tags": ["t"]});
    let foreign = submit(&admin, in_queue("other", &foreign)).await;
    let own = submit(&limited, in_queue("own", &json!({"tags": ["t"]}))).await;
    let own_task = ask(client, &limited, "GET", &format!("/api/tasks/{own}"), None).await;
    assert_eq!(own_task.json()["submitted_by"], "limited");

    let refused = ask(client, &limited, "POST", "/api/tasks", Some(sleep(0.0))).await;
    assert_eq!(refused.problem(403, "/api/tasks")["code"], "forbidden");
    let batch = json!({"tasks": [in_queue("own", &json!({})), in_queue("other", &json!({}))]});
    let refused = ask(client, &limited, "POST", "/api/tasks/batch", Some(batch)).await;
    refused.problem(403, "/api/tasks/batch");
    let taken = in_queue("own", &json!({"unique_key": "u"}));
    let taken = ask(client, &limited, "POST", "/api/tasks", Some(taken)).await;
    assert_eq!(taken.problem(409, "/api/tasks")["code"], "unique_key_taken");

    for (method, path) in [
        ("GET", format!("/api/tasks/{foreign}")),
        ("DELETE", format!("/api/tasks/{foreign}")),
        ("POST", format!("/api/tasks/{foreign}/cancel")),
        ("POST", format!("/api/tasks/{foreign}/retry")),
        ("GET", format!("/api/tasks/{foreign}/events")),
        ("GET", format!("/api/tasks/{foreign}/output")),
        ("GET", format!("/api/tasks/{foreign}/output?follow=true")),
        ("GET", "/api/queues/other".to_owned()),
    ] {
        let answer = ask(client, &limited, method, &path, None).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
    }
    for list in [
        "/api/tasks",
        "/api/tasks?fields=payload",
        "/api/tasks?state=scheduled,completed",
        "/api/tasks?tag=t",
        "/api/tasks?q=sleep",
        "/api/tasks?q=t",
        "/api/tasks?queue=other",
        "/api/queues",
    ] {
        let answer = ask(client, &limited, "GET", list, None).await;
        assert!(
            !answer.text().contains(&foreign),
            "{list}: {}",
            answer.text()
        );
        assert!(!answer.text().contains("\"other\""), "{list}");
    }
    let list = ask(client, &limited, "GET", "/api/tasks?q=t", None).await;
    assert_eq!(list.json()["tasks"][0]["id"], *own);

    let all = json!({"action": "cancel", "all": true});
    let bulk = ask(client, &limited, "POST", "/api/tasks/bulk", Some(all)).await;
    assert_eq!(bulk.json()["matched"], 1);
    let task = ask(
        client,
        &admin,
        "GET",
        &format!("/api/tasks/{foreign}"),
        None,
    )
    .await;
    assert_eq!(task.json()["state"], "scheduled");

    let bearer = format!("Bearer {limited}");
    let headers = [("authorization", bearer.as_str())];
    let socket = client
        .socket_with(&format!("/api/tasks/{foreign}/ws"), &headers)
        .await;
    assert!(socket.is_err());
    let mut socket = client.socket_with("/api/ws", &headers).await.unwrap();
    let watch = json!({"op": "watch_task", "sub": 1, "task_id": foreign, "after": 0});
    socket.say(watch).await;
    let problem = socket.hear_type("problem").await;
    assert_eq!(problem["problem"]["code"], "no_such_task");
}
