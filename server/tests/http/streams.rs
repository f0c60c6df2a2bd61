//! What is live: SSE, output, and what speaks WebSocket.

use crate::support::waits::within;
use crate::support::{Client, Server, Socket};
use futures::future;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an end may take to come.
const WITHIN: std::time::Duration = std::time::Duration::from_secs(20);

/// A task that would run for an hour, unless it is cancelled.
async fn endless(client: Client) -> String {
    client
        .submit(json!({"seconds": 3600, "steps": 10_000}))
        .await
}

async fn cancel(client: Client, id: &str) {
    let path = format!("/api/tasks/{id}/cancel");
    let answer = client.request("POST", &path).send().await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}

async fn sse(client: Client, id: &str, headers: &[(&str, &str)]) -> crate::support::Stream {
    let mut request = client.request("GET", &format!("/api/tasks/{id}/events"));
    request = request.header("accept", "text/event-stream");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let stream = request.send().await;
    assert_eq!(stream.status, StatusCode::OK);
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.headers["x-accel-buffering"], "no");
    stream
}

/// The `seq` of each event in a stream's text.
fn ids(text: &str) -> Vec<u64> {
    text.lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .map(|id| id.parse().unwrap())
        .collect()
}

#[tokio::test]
async fn sse_gives_every_event_and_then_the_end() {
    let server = Server::start().await;
    let id = server
        .client()
        .submit(json!({"seconds": 0, "steps": 3}))
        .await;
    let text = sse(server.client(), &id, &[]).await.whole().await;
    let text = text.text();
    let ids = ids(text);
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    assert!(text.contains("event: output\ndata: {"), "{text}");
    assert!(text.contains("\"text\":\"step 1 of 3\\n"), "{text}");
    let last: Vec<&str> = text.trim_end().lines().rev().take(2).collect();
    assert_eq!(last, ["data: {\"reason\":\"over\"}", "event: end"]);
}

#[tokio::test]
async fn sse_resumes_where_the_client_was() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.submit(json!({"seconds": 0, "steps": 3})).await;
    let all = sse(client, &id, &[]).await.whole().await;
    let all = ids(all.text());
    let resumed = sse(client, &id, &[("last-event-id", "2")])
        .await
        .whole()
        .await;
    assert_eq!(ids(resumed.text()), all[2..]);
    let path = format!("/api/tasks/{id}/events?after=3");
    let request = client.request("GET", &path);
    let request = request.header("accept", "text/event-stream");
    // A browser repeats its first URL when it reconnects.
    let request = request.header("last-event-id", "4");
    assert_eq!(ids(request.send().await.whole().await.text()), all[4..]);
    let request = client
        .request("GET", &path)
        .header("accept", "text/event-stream");
    assert_eq!(ids(request.send().await.whole().await.text()), all[3..]);
}

#[tokio::test]
async fn sse_is_over_for_who_has_seen_all_of_it() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.submit(json!({"seconds": 0, "steps": 2})).await;
    let last = client.finished(&id).await["last_seq"].as_u64().unwrap();
    let path = format!("/api/tasks/{id}/events");
    let request = client.request("GET", &path);
    let request = request.header("accept", "text/event-stream");
    let answer = request
        .header("last-event-id", &last.to_string())
        .send()
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn sse_begins_anew_for_an_id_that_makes_no_sense() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.submit(json!({"seconds": 0, "steps": 2})).await;
    let last = client.finished(&id).await["last_seq"].as_u64().unwrap();
    for seen in ["x", "-1", "1000000"] {
        let all = sse(client, &id, &[("last-event-id", seen)]).await;
        let all = all.whole().await;
        assert_eq!(ids(all.text()), (1..=last).collect::<Vec<_>>(), "{seen}");
    }
}

#[tokio::test]
async fn sse_shows_events_while_the_task_runs() {
    let server = Server::start().await;
    let id = endless(server.client()).await;
    let mut stream = sse(server.client(), &id, &[]).await;
    stream.until("\"state\":\"running\"").await;
    cancel(server.client(), &id).await;
    let rest = stream.until("event: end").await;
    assert!(rest.contains("\"state\":\"cancelled\""), "{rest}");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn events_come_in_pages_too() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.submit(json!({"seconds": 0, "steps": 2})).await;
    let last = client.finished(&id).await["last_seq"].as_u64().unwrap();
    let path = format!("/api/tasks/{id}/events");
    let mut seen = Vec::new();
    let mut after = 0;
    let paging = async {
        loop {
            let page = client
                .get(&format!("{path}?after={after}&limit=2"))
                .await
                .json();
            let events = page["events"].as_array().unwrap();
            seen.extend(events.iter().map(|event| event["seq"].as_u64().unwrap()));
            after = page["next_after"].as_u64().unwrap();
            if events.is_empty() {
                break;
            }
        }
    };
    within("the last page", paging).await;
    assert_eq!(seen, (1..=last).collect::<Vec<_>>());
    assert_eq!(after, last);
}

#[tokio::test]
async fn output_arrives_line_by_line() {
    let server = Server::start().await;
    let client = server.client();
    let id = client
        .submit(json!({"seconds": 1000, "steps": 10_000}))
        .await;
    let request = client.request("GET", &format!("/api/tasks/{id}/output?follow=true"));
    // A client that takes compression must not wait for it.
    let mut output = request.header("accept-encoding", "br, gzip").send().await;
    assert_eq!(output.headers["content-type"], "text/plain; charset=utf-8");
    assert!(!output.headers.contains_key("content-encoding"));
    let begun = output.until("step 1 of 10000\n").await;
    assert!(begun.starts_with("step 1 of 10000\n"), "{begun}");
    output.until("step 3 of 10000\n").await;
    let task = client.get(&format!("/api/tasks/{id}")).await.json();
    assert_eq!(task["state"], "running");
    cancel(client, &id).await;
    output.whole().await;
}

#[tokio::test]
async fn one_task_can_be_watched_over_a_websocket() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.submit(json!({"seconds": 0, "steps": 2})).await;
    let last = client.finished(&id).await["last_seq"].as_u64().unwrap();
    let mut socket = client.socket(&format!("/api/tasks/{id}/ws?after=1")).await;
    let mut seen = Vec::new();
    let watching = async {
        loop {
            match socket.hear().await {
                Ok(event) => seen.push(event["seq"].as_u64().unwrap()),
                Err(code) => break code,
            }
        }
    };
    let code = within("the end of the task's log", watching).await;
    assert_eq!(seen, (2..=last).collect::<Vec<_>>());
    assert_eq!(code, 1000);
    let unknown = "/api/tasks/01938aaf-0000-7000-8000-000000000000/ws";
    assert!(client.socket_with(unknown, &[]).await.is_err());
}

/// Opens the browser's socket and watches `id` from `after` on, as number 7.
async fn watching(client: Client, id: &str, after: u64) -> Socket {
    let mut socket = client.socket("/api/ws").await;
    let hello = socket.hear().await.unwrap();
    assert_eq!(hello["type"], "hello");
    let watch = json!({"op": "watch_task", "sub": 7, "task_id": id, "after": after});
    socket.say(watch).await;
    socket
}

/// Reads until the subscription is over: the numbers of its events, and the latest task.
async fn to_the_end(socket: &mut Socket) -> (Vec<u64>, Value) {
    let mut seen = Vec::new();
    let mut task = Value::Null;
    let reading = async {
        loop {
            let mut message = socket.hear().await.unwrap();
            if message["type"] != "heartbeat" {
                assert_eq!(message["sub"], 7, "{message}");
            }
            match message["type"].as_str().unwrap() {
                "events" => {
                    let events = message["events"].as_array().unwrap();
                    seen.extend(events.iter().map(|event| event["seq"].as_u64().unwrap()));
                }
                "task" => task = message["task"].take(),
                "end" => return,
                "heartbeat" => {}
                _ => panic!("unexpected: {message}"),
            }
        }
    };
    within("the end of a subscription", reading).await;
    (seen, task)
}

#[tokio::test]
async fn the_browsers_socket_follows_a_task_and_resumes() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.submit(json!({"seconds": 0.2, "steps": 4})).await;
    let mut socket = watching(client, &id, 0).await;
    let (seen, task) = to_the_end(&mut socket).await;
    let last = task["last_seq"].as_u64().unwrap();
    assert_eq!(seen, (1..=last).collect::<Vec<_>>());
    assert_eq!(task["state"], "completed");
    let mut socket = watching(client, &id, 3).await;
    let (seen, _) = to_the_end(&mut socket).await;
    assert_eq!(seen, (4..=last).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_browsers_socket_follows_lists_and_figures() {
    let server = Server::start().await;
    let client = server.client();
    let mut socket = client.socket("/api/ws").await;
    let filter = json!({"state": "cancelled"});
    socket
        .say(json!({"op": "watch_tasks", "sub": 1, "filter": filter}))
        .await;
    let first = socket.hear_type("tasks").await;
    assert_eq!(first["reload"], true);
    socket.say(json!({"op": "watch_stats", "sub": 2})).await;
    let stats = socket.hear_type("stats").await;
    assert_eq!(stats["stats"]["tasks"]["cancelled"], 0);

    let id = endless(client).await;
    cancel(client, &id).await;
    // Which of the two tells first is a matter of time.
    let (mut listed, mut counted) = (None, false);
    let both = async {
        while listed.is_none() || !counted {
            let mut message = socket.hear().await.unwrap();
            match message["type"].as_str().unwrap() {
                "tasks" => {
                    assert_eq!(message["sub"], 1);
                    if message["upsert"][0]["id"] == *id {
                        listed = Some(message["upsert"][0].take());
                    }
                }
                "stats" => counted |= message["stats"]["tasks"]["cancelled"] == 1,
                _ => {}
            }
        }
    };
    within("the task in its list and in the figures", both).await;
    let listed = listed.unwrap();
    assert_eq!(listed["state"], "cancelled");
    assert!(listed.get("payload").is_none());
}

#[tokio::test]
async fn the_browsers_socket_says_what_it_cannot_do_and_goes_on() {
    let server = Server::start().await;
    let client = server.client();
    let unknown = "01938aaf-0000-7000-8000-000000000000";
    let mut socket = watching(client, unknown, 0).await;
    let problem = socket.hear_type("problem").await;
    assert_eq!(problem["sub"], 7);
    assert_eq!(problem["problem"]["status"], 404);
    socket.say(json!({"op": "dance"})).await;
    let problem = socket.hear_type("problem").await;
    assert!(problem.get("sub").is_none());
    assert_eq!(problem["problem"]["status"], 400);
    let id = client.submit(json!({"seconds": 0})).await;
    socket
        .say(json!({"op": "watch_task", "sub": 7, "task_id": id}))
        .await;
    to_the_end(&mut socket).await;
}

#[tokio::test]
async fn subscriptions_are_bounded() {
    let server = Server::start().await;
    let client = server.client();
    let id = endless(client).await;
    let mut socket = client.socket("/api/ws").await;
    for sub in 0..=64 {
        socket
            .say(json!({"op": "watch_task", "sub": sub, "task_id": id}))
            .await;
    }
    let problem = socket.hear_type("problem").await;
    assert_eq!(problem["sub"], 64);
    assert_eq!(problem["problem"]["status"], 429);
    cancel(client, &id).await;
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection() {
    let server = Server::start().await;
    let mut socket = server.client().socket("/api/ws").await;
    socket.hear_type("hello").await;
    // One of nearly 16 KiB is heard, though not understood.
    socket.say(json!({"op": "x".repeat(16_000)})).await;
    let problem = socket.hear_type("problem").await;
    assert_eq!(problem["problem"]["status"], 400);
    socket.say(json!({"op": "x".repeat(20_000)})).await;
    assert_eq!(socket.hear().await, Err(1009));
}

/// The close code that follows `frames`, sent as they are after a handshake.
async fn closed_after(server: &Server, frames: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let handshake = format!(
        "GET /api/ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        server.address
    );
    stream.write_all(handshake.as_bytes()).await.unwrap();
    stream.write_all(frames).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    // The server's frames are not masked, and short enough for one byte of length or two.
    loop {
        let first = stream.read_u8().await.unwrap();
        let length = match stream.read_u8().await.unwrap() {
            126 => usize::from(stream.read_u16().await.unwrap()),
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await.unwrap();
        if first & 0x0f == 8 {
            return u16::from_be_bytes([payload[0], payload[1]]);
        }
    }
}

#[tokio::test]
async fn frames_that_break_the_protocol_are_told_so() {
    let server = Server::start().await;
    let long = [
        &[0x81, 0xfe, 0xff, 0xff, 0, 0, 0, 0][..],
        &vec![b'x'; 0xffff],
    ]
    .concat();
    let cases: [(&str, &[u8], u16); 7] = [
        ("not masked", &[0x81, 0x01, b'x'], 1002),
        ("a reserved bit", &[0xc1, 0x80, 0, 0, 0, 0], 1002),
        ("a reserved opcode", &[0x83, 0x80, 0, 0, 0, 0], 1002),
        ("a fragmented ping", &[0x09, 0x80, 0, 0, 0, 0], 1002),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0], 1002),
        (
            "text that is no UTF-8",
            &[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xff],
            1007,
        ),
        ("a frame that is too long", &long, 1009),
    ];
    for (what, frames, code) in cases {
        let closed = timeout(WITHIN, closed_after(&server, frames)).await;
        assert_eq!(closed.expect(what), code, "{what}");
    }
}

#[tokio::test]
async fn streams_end_politely_when_the_server_shuts_down() {
    let server = Server::start().await;
    let client = server.client();
    let id = endless(client).await;
    let mut events = sse(client, &id, &[]).await;
    events.until("\"state\":\"running\"").await;
    let request = client.request("GET", &format!("/api/tasks/{id}/output?follow=true"));
    let output = request.send().await;
    let mut browser = watching(client, &id, 0).await;
    browser.hear_type("events").await;
    let mut log = client.socket(&format!("/api/tasks/{id}/ws")).await;
    log.hear().await.unwrap();

    server.shutdown.begin();
    let (end, output, browser, log) = future::join4(
        events.until("event: end"),
        output.whole(),
        browser.closed(),
        log.closed(),
    )
    .await;
    assert!(end.contains("\"reason\":\"shutting_down\""), "{end}");
    assert!(!output.text().contains("step 10000"));
    assert_eq!((browser, log), (1001, 1001));
    assert!(server.shutdown.close().await, "all connections should end");
    cancel_quietly(&server, &id).await;
}

async fn cancel_quietly(server: &Server, id: &str) {
    server.engine.cancel(id.parse().unwrap()).await.unwrap();
}
