//! What the server holds for its clients is bounded, and is given back.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::{Client, Server};

const WITHIN: Duration = Duration::from_secs(20);

/// A figure of `/metrics`.
async fn figure(client: Client, name: &str) -> u64 {
    let text = client.get("/metrics").await;
    let line = text.text().lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().trim().parse().unwrap()
}

/// Waits until a figure is as it should be.
async fn figure_until(client: Client, name: &str, good: impl Fn(u64) -> bool) {
    let looking = async {
        while !good(figure(client, name).await) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(WITHIN, looking)
        .await
        .unwrap_or_else(|_| panic!("{name} should change"));
}

/// Tasks with 250 KB of payload each, that do not run.
async fn heavy(client: Client, count: usize) -> Vec<String> {
    let body = "x".repeat(250_000);
    let payload = json!({"url": "https://example.com/", "method": "POST", "body": body});
    let task = json!({"kind": "http", "payload": payload, "delay_ms": 86_400_000});
    let mut ids = Vec::new();
    for _ in 0..count {
        let answer = client.post("/api/tasks", &task).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        ids.push(answer.json()["id"].as_str().unwrap().to_owned());
    }
    ids
}

/// A client that asks for `path`, has little room for the answer, and reads none of it.
async fn unread(server: &Server, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn lists_that_nobody_reads_are_bounded_and_keep_nobody_else_waiting() {
    let server = Server::holding(64).await;
    let client = server.client();
    let ids = heavy(client, 6).await;
    let path = "/api/tasks?fields=payload&limit=100";
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(unread(&server, path).await);
    }
    let held = "glassworks_budget_used_bytes{for=\"lists\"}";
    figure_until(client, held, |bytes| bytes > 14 << 20).await;
    let refused = timeout(WITHIN, client.get(path)).await.unwrap();
    assert_eq!(refused.problem(503, "/api/tasks")["code"], "no_room");
    assert_eq!(refused.header("retry-after"), "2");
    assert!(figure(client, held).await <= 16 << 20);
    let path_of_one = format!("/api/tasks/{}", ids[0]);
    let one = timeout(WITHIN, client.get(&path_of_one));
    assert_eq!(one.await.unwrap().status, 200);
    drop(silent);
    figure_until(client, held, |bytes| bytes == 0).await;
    assert_eq!(client.get(path).await.status, 200);
}

/// Sends a head that announces `length` bytes, and so many of them.
async fn body(server: &Server, length: usize, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /api/tasks/batch HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // One that is refused may not take all of it.
    let _ = stream.write_all(&vec![b' '; sent]).await;
    stream
}

#[tokio::test]
async fn bodies_that_are_not_finished_are_bounded_and_small_ones_go_on() {
    let server = Server::holding(64).await;
    let client = server.client();
    let length = 8 * 1024 * 1024;
    let sending = (0..6).map(|_| body(&server, length, length - 1));
    let mut streams = timeout(WITHIN, join_all(sending)).await.unwrap();
    let in_use = "glassworks_budget_used_bytes{for=\"bodies\"}";
    figure_until(client, in_use, |bytes| bytes > 0).await;
    assert!(figure(client, in_use).await <= 20 << 20);
    client.submit(json!({"seconds": 0})).await;
    // All are given up: those for which there was no room, and the one that stopped.
    let mut statuses = Vec::new();
    for stream in &mut streams {
        let mut head = [0; 12];
        timeout(WITHIN, stream.read_exact(&mut head))
            .await
            .unwrap()
            .unwrap();
        statuses.push(String::from_utf8_lossy(&head[9..]).into_owned());
    }
    assert!(
        statuses.iter().any(|status| status == "503"),
        "{statuses:?}"
    );
    assert!(
        statuses.iter().any(|status| status == "408"),
        "{statuses:?}"
    );
    figure_until(client, in_use, |bytes| bytes == 0).await;
}

#[tokio::test]
async fn what_was_only_announced_holds_nothing() {
    let server = Server::holding(64).await;
    let client = server.client();
    let length = 8 * 1024 * 1024;
    let _waiting = join_all((0..50).map(|_| body(&server, length, 1_000))).await;
    let tasks: Vec<Value> = (0..100)
        .map(|_| json!({"kind": "sleep", "payload": {"seconds": 0}, "tags": ["x".repeat(50)]}))
        .collect();
    let batch = json!({"tasks": tasks});
    let answer = client.post("/api/tasks/batch", &batch);
    assert_eq!(timeout(WITHIN, answer).await.unwrap().status, 202);
    assert_eq!(
        figure(client, "glassworks_budget_used_bytes{for=\"bodies\"}").await,
        0
    );
}

#[tokio::test]
async fn one_socket_holds_its_part_whatever_it_watches() {
    let server = Server::start().await;
    let client = server.client();
    let ids = heavy(client, 1).await;
    let mut socket = client.socket("/api/ws").await;
    for sub in 0..64 {
        let watch = json!({"op": "watch_task", "sub": sub, "task_id": ids[0]});
        socket.say(watch).await;
    }
    // Every one of them gets its task, one after the other.
    let mut seen = std::collections::HashSet::new();
    let held = "glassworks_budget_used_bytes{for=\"live\"}";
    while seen.len() < 64 {
        let message = timeout(WITHIN, socket.hear_type("task")).await.unwrap();
        seen.insert(message["sub"].as_u64().unwrap());
        assert!(figure(client, held).await <= 1 << 20);
    }
    drop(socket);
    figure_until(client, held, |bytes| bytes == 0).await;
}
