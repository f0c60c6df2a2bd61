//! The form of ordinary answers: compression, HEAD, and the paths that lead to them.

use http::StatusCode;
use serde_json::json;

use crate::support::{Answer, Client, Server};

async fn compressed(client: Client, accept: &str) -> Answer {
    let request = client.request("GET", "/api/kinds");
    let request = request.header("accept-encoding", accept);
    request.send().await.whole().await
}

#[tokio::test]
async fn ordinary_answers_are_compressed_on_request() {
    let server = Server::start().await;
    for coding in ["br", "gzip"] {
        let answer = compressed(server.client(), coding).await;
        assert_eq!(answer.header("content-encoding"), coding);
        assert!(answer.header("vary").contains("accept-encoding"));
    }
    let plain = compressed(server.client(), "identity").await;
    assert_eq!(plain.header("content-encoding"), "");
    assert!(plain.json()["kinds"].is_array());
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = Server::start().await;
    for path in ["/api/hello", "/api/kinds", "/", "/submit", "/livez"] {
        let get = server.client().get(path).await;
        let request = server.client().request("HEAD", path);
        let head = request.send().await.whole().await;
        assert_eq!(head.status, get.status);
        assert!(head.body.is_empty());
        assert_eq!(head.header("content-type"), get.header("content-type"));
        // The board shows the server's age, whose digits grow in number between two requests.
        if path == "/" {
            assert_ne!(head.header("content-length"), "");
        } else {
            assert_eq!(head.header("content-length"), get.header("content-length"));
        }
    }
}

#[tokio::test]
async fn a_slash_at_the_end_makes_no_difference() {
    let server = Server::start().await;
    let client = server.client();
    assert_eq!(client.get("/api/tasks/?limit=1").await.status, 200);
    let task = json!({"kind": "sleep", "payload": {"seconds": 0}});
    let posted = client.post("/api/tasks/", &task).await;
    assert_eq!(posted.status, StatusCode::ACCEPTED);
    let page = client.get("/tasks/?state=failed").await;
    assert_eq!(page.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(page.header("location"), "/tasks?state=failed");
    client
        .get("//evil.example/")
        .await
        .problem(404, "//evil.example/");
}
