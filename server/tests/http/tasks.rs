//! A task's life over HTTP: submitted, listed, read, cancelled, retried, deleted.

use crate::support::Server;
use crate::support::waits::within;
use http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_submitted_task_is_accepted_with_its_location_and_runs() {
    let server = Server::start().await;
    let client = server.client();
    let task = json!({"kind": "sleep", "payload": {"seconds": 0, "steps": 2}, "tags": ["a"]});
    let answer = client.post("/api/tasks", &task).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.header("content-type"), "application/json");
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), format!("/api/tasks/{id}"));

    let task = client.finished(&id).await;
    assert_eq!(task["state"], "completed");
    assert_eq!(
        task["result"],
        json!({"slept_seconds": 0.0, "steps": 2, "attempt": 1})
    );
    let output = client.get(&format!("/api/tasks/{id}/output")).await;
    assert_eq!(output.text(), "step 1 of 2\nstep 2 of 2\n");
    assert_eq!(output.header("content-type"), "text/plain; charset=utf-8");
}

#[tokio::test]
async fn a_second_task_with_the_same_unique_key_is_the_first() {
    let server = Server::start().await;
    let client = server.client();
    let task = json!({"kind": "sleep", "payload": {"seconds": 60}, "unique_key": "only"});
    let first = client.post("/api/tasks", &task).await;
    let second = client.post("/api/tasks", &task).await;
    assert_eq!(second.status, StatusCode::ACCEPTED);
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!(first.header("location"), second.header("location"));
}

#[tokio::test]
async fn a_list_is_newest_first_filtered_and_paged() {
    let server = Server::start().await;
    let client = server.client();
    let mut ids = Vec::new();
    for tag in ["x", "y", "x"] {
        let task =
            json!({"kind": "sleep", "payload": {"seconds": 0}, "tags": [tag], "delay_ms": 60_000});
        let answer = client.post("/api/tasks", &task).await;
        ids.push(answer.json()["id"].clone());
    }
    let page = client
        .get("/api/tasks?tag=x&limit=1&state=&kind=")
        .await
        .json();
    assert_eq!(page["tasks"][0]["id"], ids[2]);
    assert_eq!(page["tasks"].as_array().unwrap().len(), 1);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = format!("/api/tasks?tag=x&limit=1&cursor={cursor}");
    let page = client.get(&next).await.json();
    assert_eq!(page["tasks"][0]["id"], ids[0]);
    assert!(page["next_cursor"].is_null());
    let none = client.get("/api/tasks?state=failed").await.json();
    assert_eq!(
        none,
        json!({"tasks": [], "next_cursor": null, "previous_cursor": null, "searched_until": null})
    );
    let back = page["previous_cursor"].as_str().unwrap();
    let back = format!("/api/tasks?tag=x&limit=1&cursor={back}");
    let page = client.get(&back).await.json();
    assert_eq!(page["tasks"][0]["id"], ids[2]);
    assert!(page["previous_cursor"].is_null());
    for (states, count) in [("scheduled,running", 3), ("failed,%20cancelled", 0)] {
        let path = format!("/api/tasks?state={states}");
        let page = client.get(&path).await.json();
        assert_eq!(page["tasks"].as_array().unwrap().len(), count, "{states}");
    }
    for wrong in [
        "state=scheduled,late",
        "state=,",
        "fields=payload,color",
        "cursor=x",
        "cursor=text",
        "since=yesterday",
        "order=random",
        "order=oldest&q=x",
    ] {
        let answer = client.get(&format!("/api/tasks?{wrong}")).await;
        answer.problem(422, "/api/tasks");
    }
}

#[tokio::test]
async fn a_list_can_begin_with_the_oldest_and_lie_between_two_moments() {
    let server = Server::start().await;
    let client = server.client();
    let task = json!({"kind": "sleep", "payload": {"seconds": 1}, "delay_ms": 3_600_000});
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(client.post("/api/tasks", &task).await.json()["id"].clone());
    }
    // Forwards to the end and back again, with whole tasks and without.
    for fields in ["", "&fields=payload"] {
        let page = async |cursor: Option<&str>| {
            let cursor = cursor.map(|cursor| format!("&cursor={cursor}"));
            let cursor = cursor.unwrap_or_default();
            let path = format!("/api/tasks?order=oldest&limit=2{fields}{cursor}");
            client.get(&path).await.json()
        };
        let mut listed = Vec::new();
        let mut pages = vec![page(None).await];
        assert!(pages[0]["previous_cursor"].is_null());
        while let Some(cursor) = pages.last().unwrap()["next_cursor"]
            .as_str()
            .map(str::to_owned)
        {
            pages.push(page(Some(&cursor)).await);
        }
        for page in &pages {
            listed.extend(
                page["tasks"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|task| task["id"].clone()),
            );
        }
        assert_eq!(listed, ids);
        let back = pages[2]["previous_cursor"].as_str().unwrap();
        assert_eq!(page(Some(back)).await["tasks"], pages[1]["tasks"]);
    }
    for (query, count) in [
        ("since=2020-01-01T00:00:00Z", 5),
        ("until=2020-01-01T00:00:00Z", 0),
        (
            "since=2020-01-01T00:00:00Z&until=2999-01-01T00:00:00Z&state=scheduled,queued",
            5,
        ),
        ("since=2999-01-01T00:00:00Z", 0),
    ] {
        let page = client.get(&format!("/api/tasks?{query}")).await.json();
        assert_eq!(page["tasks"].as_array().unwrap().len(), count, "{query}");
    }
}

#[tokio::test]
async fn a_list_tells_a_payload_in_one_line() {
    let server = Server::start().await;
    let client = server.client();
    client.submit(json!({"seconds": 0, "steps": 2})).await;
    let listed = client.get("/api/tasks").await.json();
    assert_eq!(
        listed["tasks"][0]["payload_summary"],
        "seconds: 0, steps: 2"
    );
}

#[tokio::test]
async fn several_states_are_changed_and_watched_at_once() {
    let server = Server::start().await;
    let client = server.client();
    let later = json!({"kind": "sleep", "payload": {"seconds": 600}, "delay_ms": 3_600_000});
    let later = client.post("/api/tasks", &later).await.json()["id"].clone();
    let mut socket = client.socket("/api/ws").await;
    socket
        .say(json!({"op": "watch_tasks", "sub": 1, "filter": {"state": ["running", "scheduled"]}}))
        .await;
    let first = socket.hear_type("tasks").await;
    assert_eq!(first["reload"], true);
    let runs = client.submit(json!({"seconds": 600})).await;
    let heard = within("the task that runs", async {
        loop {
            let news = socket.hear_type("tasks").await;
            if let Some(task) = news["upsert"]
                .as_array()
                .unwrap()
                .iter()
                .find(|task| task["id"] == *runs)
            {
                break task["state"].clone();
            }
        }
    })
    .await;
    assert_eq!(heard, "running");
    let change = json!({"action": "cancel", "filter": {"state": ["scheduled", "failed"]}});
    let outcome = client.post("/api/tasks/bulk", &change).await.json();
    assert_eq!(outcome, json!({"matched": 1, "changed": 1}));
    let gone = within("the task that left", async {
        loop {
            let news = socket.hear_type("tasks").await;
            if let Some(id) = news["removed"].as_array().unwrap().first() {
                break id.clone();
            }
        }
    })
    .await;
    assert_eq!(gone, later);
}

#[tokio::test]
async fn a_list_is_small_unless_fields_are_asked_for_and_then_within_bounds() {
    let server = Server::start().await;
    let client = server.client();
    let sources: Vec<_> = (0..25)
        .map(|number| json!({"name": format!("s{number}"), "url": format!("https://example.com/{}", "x".repeat(7_800))}))
        .collect();
    for _ in 0..12 {
        let task = json!({
            "kind": "fetch",
            "payload": {"sources": sources},
            "delay_ms": 3_600_000,
        });
        let answer = client.post("/api/tasks", &task).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    }
    let short = client.get("/api/tasks").await;
    assert!(short.text().len() < 20_000, "{}", short.text().len());
    let listed = &short.json()["tasks"][0];
    for left_out in ["payload", "result", "errors"] {
        assert!(listed.get(left_out).is_none(), "{left_out}");
    }
    let mut seen = 0;
    let mut path = "/api/tasks?fields=payload,errors".to_owned();
    let paging = async {
        loop {
            let answer = client.get(&path).await;
            assert!(answer.text().len() < 1_200_000, "{}", answer.text().len());
            let page = answer.json();
            for task in page["tasks"].as_array().unwrap() {
                assert!(task["payload"]["sources"].is_array());
                assert_eq!(task["errors"], json!([]));
                assert!(task.get("result").is_none());
                seen += 1;
            }
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/api/tasks?fields=payload,errors&cursor={cursor}"),
                None => break,
            }
        }
    };
    within("the last page", paging).await;
    assert_eq!(seen, 12);
}

#[tokio::test]
async fn what_is_searched_for_is_text_and_nothing_else() {
    let server = Server::start().await;
    let client = server.client();
    for tag in ["ÜBER", "back\\slash"] {
        let task = json!({
            "kind": "sleep", "payload": {"seconds": 0}, "tags": [tag], "delay_ms": 3_600_000,
        });
        client.post("/api/tasks", &task).await;
    }
    let count = async |q: &str| {
        let page = client.get(&format!("/api/tasks?q={q}")).await.json();
        page["tasks"].as_array().unwrap().len()
    };
    assert_eq!(count("%C3%BCber").await, 1);
    assert_eq!(count("back%5Cslash").await, 1);
    assert_eq!(count("%00x").await, 0);
    let long = "%C3%BC".repeat(256);
    assert_eq!(count(&long).await, 0);
    let longer = client.get(&format!("/api/tasks?q={long}x")).await;
    longer.problem(422, "/api/tasks");

    // A pattern that ended at its NUL would let every task pass.
    let bulk = async |q: &str| {
        let change = json!({"action": "cancel", "filter": {"q": q}});
        client.post("/api/tasks/bulk", &change).await
    };
    let nothing = bulk("\u{0}x").await.json();
    assert_eq!(nothing, json!({"matched": 0, "changed": 0}));
    bulk(&"x".repeat(257)).await.problem(422, "/api/tasks/bulk");
    let one = bulk("über").await.json();
    assert_eq!(one, json!({"matched": 1, "changed": 1}));
}

#[tokio::test]
async fn a_task_can_be_cancelled_retried_and_deleted_when_its_state_allows() {
    let server = Server::start().await;
    let client = server.client();
    let task = json!({"kind": "sleep", "payload": {"seconds": 0}, "delay_ms": 60_000});
    let id = client.post("/api/tasks", &task).await.json()["id"].clone();
    let path = format!("/api/tasks/{}", id.as_str().unwrap());
    let send =
        async |method: &str, path: &str| client.request(method, path).send().await.whole().await;

    send("DELETE", &path).await.problem(409, &path);
    let cancel = format!("{path}/cancel");
    let cancelled = send("POST", &cancel).await;
    assert_eq!(cancelled.status, StatusCode::ACCEPTED);
    assert_eq!(cancelled.json()["state"], "cancelled");
    send("POST", &cancel).await.problem(409, &cancel);

    let retry = format!("{path}/retry");
    let retried = send("POST", &retry).await;
    assert_eq!(retried.status, StatusCode::ACCEPTED);
    let done = client.finished(id.as_str().unwrap()).await;
    assert_eq!(done["state"], "completed");
    send("POST", &retry).await.problem(409, &retry);

    assert_eq!(send("DELETE", &path).await.status, StatusCode::NO_CONTENT);
    send("GET", &path).await.problem(404, &path);
    send("DELETE", &path).await.problem(404, &path);
}

#[tokio::test]
async fn a_failed_task_is_an_ordinary_answer() {
    let server = Server::start().await;
    let client = server.client();
    let task = json!({
        "kind": "sleep",
        "payload": {"seconds": 0, "steps": 3, "panic_at_step": 2},
        "max_attempts": 1,
    });
    let id = client.post("/api/tasks", &task).await.json()["id"].clone();
    let task = client.finished(id.as_str().unwrap()).await;
    assert_eq!(task["state"], "failed");
    let message = task["error"]["message"].as_str().unwrap();
    assert!(message.contains("panicked at step 2 of 3"), "{message}");
    assert_eq!(task["errors"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_attempt_that_failed_is_made_again() {
    let server = Server::start().await;
    let client = server.client();
    let task = json!({
        "kind": "sleep",
        "payload": {"seconds": 0, "steps": 1, "fail_at_step": 1, "fail_attempts": 2},
        "retry": {"initial_ms": 0, "factor": 1.0, "max_ms": 0},
    });
    let id = client.post("/api/tasks", &task).await.json()["id"].clone();
    let task = client.finished(id.as_str().unwrap()).await;
    assert_eq!(task["state"], "completed");
    assert_eq!(task["result"]["attempt"], 3);
    assert_eq!(task["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn attempts_from_before_a_retry_do_not_count() {
    let server = Server::start().await;
    let client = server.client();
    let task = json!({
        "kind": "sleep",
        "payload": {"seconds": 0, "steps": 1, "fail_at_step": 1},
        "max_attempts": 2,
        "retry": {"initial_ms": 0, "factor": 1.0, "max_ms": 0},
    });
    let id = client.post("/api/tasks", &task).await.json()["id"].clone();
    let id = id.as_str().unwrap();
    let failed = client.finished(id).await;
    assert_eq!(
        (&failed["attempt"], &failed["counted_attempts"]),
        (&json!(2), &json!(2)),
    );

    let retry = client.request("POST", &format!("/api/tasks/{id}/retry"));
    let retried = retry.send().await.whole().await;
    assert_eq!(retried.status, StatusCode::ACCEPTED);
    let again = client.finished(id).await;
    assert_eq!(
        (&again["attempt"], &again["counted_attempts"]),
        (&json!(4), &json!(2)),
    );
    let list = client.get("/api/tasks").await.json();
    assert_eq!(list["tasks"][0]["counted_attempts"], 2);
}

#[tokio::test]
async fn the_server_tells_about_itself() {
    let server = Server::start().await;
    let client = server.client();
    let hello = client.get("/api/hello").await.json();
    assert_eq!(hello["message"], "Hello from the async server!");
    assert!(hello["time"].is_string());
    let id = client.submit(json!({"seconds": 0})).await;
    client.finished(&id).await;
    let health = client.get("/api/health").await.json();
    assert_eq!(
        health,
        json!({"status": "healthy", "background_tasks_completed": 1})
    );
    for path in ["/api/stats", "/stats"] {
        assert_eq!(client.get(path).await.json()["tasks"]["completed"], 1);
    }
    let kinds = client.get("/api/kinds").await.json();
    let mut kinds = kinds["kinds"].as_array().unwrap().iter();
    let sleep = kinds.find(|kind| kind["kind"] == "sleep").unwrap();
    assert_eq!(sleep["schema"]["properties"]["seconds"]["maximum"], 3600);
}

#[tokio::test]
async fn readiness_ends_with_the_shutdown_and_liveness_does_not() {
    let server = Server::start().await;
    let client = server.client();
    assert_eq!(client.get("/livez").await.status, StatusCode::OK);
    assert_eq!(client.get("/readyz").await.status, StatusCode::OK);
    server.shutdown.begin();
    assert_eq!(client.get("/livez").await.status, StatusCode::OK);
    client.get("/readyz").await.problem(503, "/readyz");
}
