//! What is sent is what is kept: every digit, in its order, on every way back.

use http::StatusCode;
use serde_json::json;

use crate::support::{Answer, Client, Server};

/// What a tree of values would change: two digits too many, a sorted order, an escape.
const DELICATE: &str = r#"{"zeta":18446744073709551616, "alpha":[0.12345678901234567890,1e-400,3544790567247868102],"\u00fc":1.0}"#;

/// A task that waits for an hour, then would send `body` on.
fn later(body: &str) -> String {
    format!(
        r#"{{"kind":"http","payload":{},"delay_ms":3600000}}"#,
        payload(body)
    )
}

fn payload(body: &str) -> String {
    format!(r#"{{"url":"https://example.com/","method":"POST","body":{body}}}"#)
}

async fn post(client: Client, path: &str, body: impl Into<bytes::Bytes>) -> Answer {
    let request = client.request("POST", path);
    let request = request
        .header("content-type", "application/json")
        .body(body);
    request.send().await.whole().await
}

#[tokio::test]
async fn a_payload_comes_back_as_it_was_sent() {
    let server = Server::start().await;
    let client = server.client();
    let sent = payload(DELICATE);
    let accepted = post(client, "/api/tasks", later(DELICATE)).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text());
    assert!(accepted.text().contains(&sent), "{}", accepted.text());
    let task = client.get(accepted.header("location")).await;
    assert!(task.text().contains(&sent), "{}", task.text());
    let batch = format!(r#"{{"tasks":[{}]}}"#, later(DELICATE));
    let batch = post(client, "/api/tasks/batch", batch).await;
    assert!(batch.text().contains(&sent), "{}", batch.text());
    let schedule = format!(r#"{{"cron":"0 0 1 1 *","task":{{"kind":"http","payload":{sent}}}}}"#);
    let made = post(client, "/api/schedules", schedule).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let schedules = client.get("/api/schedules").await;
    assert!(schedules.text().contains(&sent), "{}", schedules.text());
}

#[tokio::test]
async fn what_cannot_be_kept_or_read_is_refused_with_the_place() {
    let server = Server::start().await;
    let client = server.client();
    for (body, pointer) in [
        (later(r#"{"a":1,"b":{"c":1,"c":2}}"#), "/payload/body/b/c"),
        (later("[1,1e400]"), "/payload/body/1"),
        (
            r#"{"kind":"sleep","payload":{"seconds":1,"seconds":0}}"#.to_owned(),
            "/payload/seconds",
        ),
        (
            r#"{"kind":"sleep","payload":{"seconds":0,"steps":18446744073709551616}}"#.to_owned(),
            "/payload/steps",
        ),
        (r#"{"kind":"sleep","payload":null}"#.to_owned(), "/payload"),
    ] {
        let answer = post(client, "/api/tasks", body.clone()).await;
        let problem = answer.problem(422, "/api/tasks");
        assert_eq!(
            problem["errors"][0]["pointer"], pointer,
            "{body}: {problem}"
        );
    }
}

#[tokio::test]
async fn a_byte_order_mark_does_no_harm() {
    let server = Server::start().await;
    let body = b"\xef\xbb\xbf{\"kind\":\"sleep\",\"payload\":{\"seconds\":0}}";
    let answer = post(server.client(), "/api/tasks", body.as_slice()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
}

#[tokio::test]
async fn whoever_sends_much_that_is_wrong_is_not_answered_with_as_much() {
    let server = Server::start().await;
    let client = server.client();
    let long = "k".repeat(100_000);
    let kind = post(client, "/api/tasks", json!({"kind": long}).to_string()).await;
    kind.problem(422, "/api/tasks");
    assert!(kind.body.len() < 2_000, "{}", kind.text());
    assert!(
        kind.text().contains("(100000 characters)"),
        "{}",
        kind.text()
    );
    let field = json!({"kind": "sleep", long: 1}).to_string();
    let field = post(client, "/api/tasks", field).await;
    field.problem(422, "/api/tasks");
    assert!(field.body.len() < 2_000, "{}", field.text());

    let tags = vec![""; 300_000];
    let tags = json!({"kind": "sleep", "tags": tags}).to_string();
    let tasks = vec![json!({"kind": "k".repeat(7_000), "priority": 99, "queue": ""}); 1_000];
    let tasks = json!({"tasks": tasks}).to_string();
    assert!(tasks.len() > 7_000_000);
    for (path, body, many) in [("/api/tasks", tags, 17), ("/api/tasks/batch", tasks, 20)] {
        let answer = post(client, path, body).await;
        let problem = answer.problem(422, path);
        assert!(
            problem["errors"].as_array().unwrap().len() >= many,
            "{problem}"
        );
        assert!(answer.body.len() < 10_000, "{}", answer.body.len());
    }
}
