//! A key that is revoked ends what is open with it.

use std::time::{Duration, Instant};

use glassworks_protocol::Scope;
use serde_json::json;

use super::super::support::{Client, Server, Stream};
use super::{ask, key, sleep};

/// How long a stream may outlive its key.
const PROMPT: Duration = Duration::from_secs(1);

async fn open(client: Client, key: &str, path: &str, accept: &str) -> Stream {
    let ask = client.request("GET", path).header("accept", accept);
    let ask = ask.header("authorization", &format!("Bearer {key}"));
    let stream = ask.send().await;
    assert_eq!(stream.status, 200, "{path}");
    stream
}

#[tokio::test]
async fn streams_and_sockets_end_with_their_key_and_others_go_on() {
    let server = Server::start().await;
    let client = server.client();
    let admin = key(&server, Scope::Admin).await.secret;
    let read = key(&server, Scope::Read).await;
    let task = ask(client, &admin, "POST", "/api/tasks", Some(sleep(50.0))).await;
    let id = task.json()["id"].as_str().unwrap().to_owned();
    let paths = [
        (format!("/api/tasks/{id}/events"), "text/event-stream"),
        (format!("/api/tasks/{id}/output?follow=true"), "*/*"),
        ("/api/stream?count=1000&interval_ms=10000".to_owned(), "*/*"),
    ];
    let mut streams = Vec::new();
    for (path, accept) in &paths {
        streams.push(open(client, &read.secret, path, accept).await);
    }
    let bearer = format!("Bearer {}", read.secret);
    let headers = [("authorization", bearer.as_str())];
    let mut sockets = Vec::new();
    for path in [format!("/api/tasks/{id}/ws"), "/api/ws".to_owned()] {
        sockets.push(client.socket_with(&path, &headers).await.unwrap());
    }
    sockets[1].say(json!({"op": "watch_stats", "sub": 1})).await;
    let mut others = open(client, &admin, &paths[0].0, paths[0].1).await;
    others.until("running").await;

    let path = format!("/api/keys/{}", read.key.id);
    let revoked = Instant::now();
    assert_eq!(ask(client, &admin, "DELETE", &path, None).await.status, 204);
    for stream in streams {
        assert!(
            stream.breaks_off().await,
            "a stream should not seem complete"
        );
    }
    for mut socket in sockets {
        assert_eq!(socket.closed().await, 1008);
    }
    assert!(revoked.elapsed() < PROMPT, "{:?}", revoked.elapsed());
    let cancel = format!("/api/tasks/{id}/cancel");
    assert_eq!(ask(client, &admin, "POST", &cancel, None).await.status, 202);
    others.until("event: end").await;
}

#[tokio::test]
async fn what_anybody_has_open_ends_with_the_first_key() {
    let server = Server::start().await;
    let mut socket = server.client().socket("/api/ws").await;
    socket.hear_type("hello").await;
    key(&server, Scope::Admin).await;
    assert_eq!(socket.closed().await, 1008);
    let refused = server.client().socket_with("/api/ws", &[]).await;
    assert!(refused.is_err());
}
