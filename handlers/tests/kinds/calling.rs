//! `http`: calling a service, and trying again.

use glassworks_protocol::{EventBody, NewTask, State};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;

use crate::support::service::{Service, answer, redirect};
use crate::support::{Node, soon};

#[tokio::test]
async fn it_sends_what_it_is_told_and_keeps_the_answer() {
    let json = answer(
        "201 Created",
        &[
            "content-type: application/json",
            "etag: \"x\"",
            "set-cookie: secret=1",
        ],
        r#"{"id":7}"#,
    );
    let service = Service::saying([json]).await;
    let node = Node::beside_services().await;
    let payload = json!({
        "method": "POST", "url": service.url("/orders?a=b#c"),
        "headers": {"X-Token": "t"}, "body": {"n": 1}, "expect": [201],
    });
    let finished = node.run("http", payload).await;
    let result = finished.result();
    assert_eq!(
        (&result["status"], &result["body"]),
        (&json!(201), &json!({"id": 7}))
    );
    assert_eq!(result["headers"]["etag"], "\"x\"");
    assert!(result["headers"].get("set-cookie").is_none());
    assert_eq!(finished.output(), r#"{"id":7}"#);

    let request = &service.requests()[0];
    assert!(
        request.starts_with("POST /orders?a=b HTTP/1.1\r\n"),
        "{request}"
    );
    for line in [
        format!("host: {}", service.address),
        format!("idempotency-key: {}", finished.task.id),
        "x-token: t".to_owned(),
        "content-type: application/json".to_owned(),
    ] {
        assert!(
            request.contains(&format!("\r\n{line}\r\n")),
            "{line}: {request}"
        );
    }
    assert!(request.ends_with("\r\n\r\n{\"n\":1}"), "{request}");
}

#[tokio::test]
async fn the_body_is_streamed_and_characters_stay_whole() {
    let (go, going) = mpsc::unbounded_channel::<()>();
    let going = std::sync::Arc::new(tokio::sync::Mutex::new(going));
    let service = Service::start(move |_, mut stream| {
        let going = std::sync::Arc::clone(&going);
        async move {
            let mut going = going.lock().await;
            let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n";
            stream.write_all(head).await.unwrap();
            for piece in [&b"one \xe2\x82"[..], b"\xac \xff two"] {
                stream.write_all(piece).await.unwrap();
                going.recv().await;
            }
        }
    })
    .await;
    let node = Node::beside_services().await;
    let id = node.submit("http", json!({"url": service.url("/")})).await;
    // It has been printed while the service still keeps the rest back.
    node.until_printed(id, "one").await;
    go.send(()).unwrap();
    node.until_printed(id, "two").await;
    go.send(()).unwrap();
    let finished = node.finish(id).await;
    assert_eq!(finished.output(), "one € \u{fffd} two");
    assert_eq!(finished.result()["body"], "one € \u{fffd} two");
}

#[tokio::test]
async fn a_status_that_may_pass_is_tried_again_and_another_is_not() {
    let node = Node::beside_services().await;
    for status in [
        "408 Request Timeout",
        "425 Too Early",
        "429 Too Many Requests",
        "500 Oh",
        "503 Busy",
    ] {
        let service =
            Service::saying([answer(status, &[], "later"), answer("200 OK", &[], "")]).await;
        let finished = node
            .run_thrice("http", json!({"url": service.url("/")}))
            .await;
        finished.result();
        assert_eq!(finished.task.attempt, 2, "{status}");
    }
    for (status, expect) in [
        ("400 Bad Request", json!([])),
        ("404 Not Found", json!([])),
        ("200 OK", json!([201])),
    ] {
        let service = Service::saying([answer(status, &[], "because")]).await;
        let payload = json!({"url": service.url("/"), "expect": expect});
        let finished = node.run_thrice("http", payload).await;
        assert_eq!(finished.error(), format!("answered {status}: because"));
        assert_eq!(finished.task.attempt, 1, "{status}");
    }
}

#[tokio::test]
async fn what_is_expected_is_a_success_whatever_it_is() {
    let node = Node::beside_services().await;
    let service = Service::saying([answer("404 Not Found", &[], "")]).await;
    let payload = json!({"url": service.url("/"), "expect": [200, 404]});
    assert_eq!(node.run("http", payload).await.result()["status"], 404);
    let service = Service::saying([redirect("302 Found", "/elsewhere")]).await;
    let payload = json!({"url": service.url("/"), "expect": [302]});
    let finished = node.run("http", payload).await;
    assert_eq!(finished.result()["headers"]["location"], "/elsewhere");
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_broken_connection_is_tried_again_with_the_same_idempotency_key() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_owned();
    let service = Service::saying([String::new(), half, answer("200 OK", &[], "whole")]).await;
    let node = Node::beside_services().await;
    let finished = node
        .run_thrice("http", json!({"url": service.url("/")}))
        .await;
    assert_eq!(finished.result()["body"], "whole");
    let key = format!("\r\nidempotency-key: {}\r\n", finished.task.id);
    let requests = service.requests();
    assert_eq!(requests.len(), 3);
    assert!(
        requests.iter().all(|request| request.contains(&key)),
        "{requests:?}"
    );
}

#[tokio::test]
async fn the_service_says_when_to_come_back() {
    let node = Node::beside_services().await;
    let in_an_hour = std::time::SystemTime::now() + std::time::Duration::from_hours(1);
    let date = httpdate::fmt_http_date(in_an_hour);
    for (value, seconds) in [("120".to_owned(), 120), (date, 3_600)] {
        let busy = answer("503 Busy", &[&format!("retry-after: {value}")], "");
        let service = Service::saying([busy]).await;
        let new = NewTask::new("http", json!({"url": service.url("/")}));
        let id = node.engine.submit(new).await.unwrap().task.id;
        let retrying = |body: &EventBody| match body {
            EventBody::State {
                state: State::Retrying,
                run_at,
                ..
            } => *run_at,
            _ => None,
        };
        let log = node
            .until(id, |event| retrying(&event.body).is_some())
            .await;
        let event = log.last().unwrap();
        let wait = retrying(&event.body).unwrap().as_millis() - event.at.as_millis();
        // A date has whole seconds, and the attempt took a moment.
        assert!((seconds * 1_000 - wait).abs() < 5_000, "{value}: {wait} ms");
        node.engine.cancel(id).await.unwrap();
    }
}

#[tokio::test]
async fn a_cancel_closes_the_connection_at_once() {
    let (closed, mut closing) = mpsc::unbounded_channel();
    let service = Service::start(move |_, mut stream| {
        let closed = closed.clone();
        async move {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun";
            stream.write_all(head).await.unwrap();
            let end = stream.read(&mut [0; 1]).await;
            closed.send(end.unwrap_or(0)).unwrap();
        }
    })
    .await;
    let node = Node::beside_services().await;
    let id = node.submit("http", json!({"url": service.url("/")})).await;
    node.until_printed(id, "begun").await;
    node.engine.cancel(id).await.unwrap();
    assert_eq!(soon(closing.recv()).await, Some(0));
    assert_eq!(node.finish(id).await.task.state, State::Cancelled);
}

#[tokio::test]
async fn a_body_without_end_fails_for_good() {
    let service = Service::endless().await;
    let node = Node::beside_services().await;
    let finished = node
        .run_thrice("http", json!({"url": service.url("/")}))
        .await;
    assert!(
        finished.error().contains("over 16777216 bytes"),
        "{}",
        finished.error()
    );
    assert_eq!(finished.task.attempt, 1);
}
