//! What the server refuses, and how it says so: always a problem document (RFC 9457).

use crate::support::{Answer, Client, Server};
use http::StatusCode;
use serde_json::json;

const UNKNOWN: &str = "/api/tasks/01938aaf-0000-7000-8000-000000000000";

async fn submit(client: Client, body: &str) -> Answer {
    let request = client.request("POST", "/api/tasks");
    let request = request.header("content-type", "application/json");
    request.body(body.to_owned()).send().await.whole().await
}

#[tokio::test]
async fn a_task_that_makes_no_sense_is_refused_with_the_place() {
    let server = Server::start().await;
    for (body, pointer) in [
        (r#"{"kind": "dream", "payload": {}}"#, "/kind"),
        (
            r#"{"kind": "sleep", "payload": {"seconds": "long"}}"#,
            "/payload/seconds",
        ),
        (
            r#"{"kind": "sleep", "payload": {"seconds": 1, "hours": 2}}"#,
            "/payload/hours",
        ),
        (
            r#"{"kind": "sleep", "payload": {"seconds": 4000}}"#,
            "/payload/seconds",
        ),
        (
            r#"{"kind": "sleep", "payload": {"seconds": 1}, "colour": "blue"}"#,
            "/colour",
        ),
        (
            r#"{"kind": "sleep", "payload": {"seconds": 1}, "priority": 10}"#,
            "/priority",
        ),
        (r#"{"payload": {"seconds": 1}}"#, ""),
        ("[]", ""),
    ] {
        let problem = submit(server.client(), body)
            .await
            .problem(422, "/api/tasks");
        assert_eq!(
            problem["errors"][0]["pointer"], pointer,
            "{body}: {problem}"
        );
        assert!(problem["errors"][0]["detail"].is_string());
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_with_the_place() {
    let server = Server::start().await;
    for body in ["", "{", "kind=sleep", r#"{"kind": "sleep"} more"#] {
        let problem = submit(server.client(), body)
            .await
            .problem(400, "/api/tasks");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("line 1 column"), "{detail}");
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let server = Server::start().await;
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let request = server.client().request("POST", "/api/tasks");
        let request = request.header("content-type", content_type).body("{}");
        request
            .send()
            .await
            .whole()
            .await
            .problem(415, "/api/tasks");
    }
    let request = server.client().request("POST", "/api/tasks").body("{}");
    request
        .send()
        .await
        .whole()
        .await
        .problem(415, "/api/tasks");
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let server = Server::start().await;
    let text = "x".repeat(300 * 1024);
    let payload = json!({"kind": "sleep", "payload": {"seconds": 1, "text": text}});
    let answer = server.client().post("/api/tasks", &payload).await;
    answer.problem(413, "/api/tasks");
    let body = "x".repeat(3 * 1024 * 1024);
    let answer = submit(server.client(), &body).await;
    let problem = answer.problem(413, "/api/tasks");
    assert!(problem["detail"].as_str().unwrap().contains("1048576"));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::start().await;
    for path in [
        UNKNOWN,
        &format!("{UNKNOWN}/events"),
        &format!("{UNKNOWN}/output"),
        &format!("{UNKNOWN}/output?follow=true"),
    ] {
        let instance = path.split('?').next().unwrap();
        server.client().get(path).await.problem(404, instance);
    }
    let request = server.client().request("GET", &format!("{UNKNOWN}/events"));
    let request = request.header("accept", "text/event-stream");
    let answer = request.send().await.whole().await;
    answer.problem(404, &format!("{UNKNOWN}/events"));

    let problem = server.client().get("/api/tasks/seven").await;
    let problem = problem.problem(404, "/api/tasks/seven");
    assert!(problem["detail"].as_str().unwrap().contains("`seven`"));
    for path in ["/api/nothing", "/nothing", "/api", "/fn/nothing"] {
        server.client().get(path).await.problem(404, path);
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = Server::start().await;
    let client = server.client();
    for (method, path, allowed) in [
        ("PUT", "/api/tasks", ["GET", "HEAD", "POST"].as_slice()),
        ("POST", "/api/hello", &["GET", "HEAD"]),
        ("PATCH", UNKNOWN, &["GET", "HEAD", "DELETE"]),
    ] {
        let answer = client.request(method, path).send().await.whole().await;
        answer.problem(405, path);
        let mut told: Vec<&str> = answer.header("allow").split(',').collect();
        told.sort_unstable();
        let mut allowed = allowed.to_vec();
        allowed.sort_unstable();
        assert_eq!(told, allowed);
        let answer = client.request("OPTIONS", path).send().await.whole().await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert!(!answer.header("allow").is_empty());
    }
}

#[tokio::test]
async fn a_bad_query_names_its_parameter() {
    let server = Server::start().await;
    for (path, query, name) in [
        ("/api/tasks", "state=sleeping", "state"),
        ("/api/tasks", "limit=0", "limit"),
        ("/api/tasks", "limit=many", "limit"),
        ("/api/tasks", "cursor=here", "cursor"),
        ("/api/tasks", "colour=blue", "colour"),
        (&*format!("{UNKNOWN}/events"), "after=-1", "after"),
        (&*format!("{UNKNOWN}/output"), "follow=perhaps", "follow"),
    ] {
        let answer = server.client().get(&format!("{path}?{query}")).await;
        let problem = answer.problem(422, path);
        assert_eq!(problem["errors"][0]["pointer"], name, "{problem}");
    }
}

#[tokio::test]
async fn a_foreign_host_is_refused() {
    let server = Server::start().await;
    for path in ["/", "/api/hello", "/api/ws", "/nothing"] {
        let request = server.client().request("GET", path);
        let answer = request.header("host", "evil.example").send().await;
        answer.whole().await.problem(421, path);
    }
    let request = server.client().request("GET", "/api/hello");
    let answer = request.header("host", "localhost:1234").send().await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_change_that_another_site_asked_for_is_refused() {
    let server = Server::start().await;
    let task = json!({"kind": "sleep", "payload": {"seconds": 0}});
    let own = format!("http://{}", server.address);
    for (name, value, accepted) in [
        ("origin", "http://evil.example", false),
        ("origin", "null", false),
        ("origin", "http://127.0.0.1:1", false),
        ("sec-fetch-site", "cross-site", false),
        ("sec-fetch-site", "same-site", false),
        ("sec-fetch-site", "same-origin", true),
        ("origin", own.as_str(), true),
    ] {
        let request = server.client().request("POST", "/api/tasks").json(&task);
        let answer = request.header(name, value).send().await.whole().await;
        if accepted {
            assert_eq!(answer.status, StatusCode::ACCEPTED, "{name}: {value}");
        } else {
            answer.problem(403, "/api/tasks");
        }
    }
    let tasks = server.client().get("/api/tasks").await.json();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_foreign_websocket_is_refused() {
    let server = Server::start().await;
    let client = server.client();
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let refused = client.socket_with("/api/ws", &[(name, value)]).await;
        let Err(tokio_tungstenite::tungstenite::Error::Http(answer)) = refused else {
            panic!("the handshake should have been refused");
        };
        assert_eq!(answer.status(), 403);
    }
    let own = format!("http://{}", server.address);
    let opened = client.socket_with("/api/ws", &[("origin", &own)]).await;
    assert!(opened.is_ok());
}

#[tokio::test]
async fn what_is_no_handshake_is_told_so() {
    let server = Server::start().await;
    let answer = server.client().get("/api/ws").await;
    answer.problem(426, "/api/ws");
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let server = Server::start().await;
    let client = server.client();
    for path in ["/", "/api/hello", "/api/nothing", "/livez"] {
        let answer = client.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        assert!(!policy.contains("'unsafe-eval'"), "{policy}");
    }
}

#[tokio::test]
async fn a_failure_can_be_found_in_the_log_by_its_number() {
    let server = Server::start().await;
    let first = server.client().get("/api/nothing").await;
    let second = server.client().get("/api/nothing").await;
    assert_eq!(first.header("x-request-id").len(), 16);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
}
