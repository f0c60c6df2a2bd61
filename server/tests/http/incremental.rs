//! Streams are incremental: the first chunk is with the client long before the last is made,
//! through the whole stack and whatever compression the client offers.

use std::time::{Duration, Instant};

use futures::future::join_all;
use http::StatusCode;
use serde_json::json;

use crate::support::{Ask, Server, Stream};

/// Between the first thing that a stream has to say and the last.
const SPAN: Duration = Duration::from_millis(2_700);
/// The first chunk must be there this long before the last: a stream that is held back comes all
/// at once, and a machine that is busy is not late by the rest of it.
const APART: Duration = Duration::from_secs(1);

/// What every browser sends.
fn compressed(ask: Ask) -> Ask {
    ask.header("accept-encoding", "gzip, deflate, br")
}

/// Reads a stream to its end: when its first chunk came, its last, and everything in it.
async fn arrivals(mut stream: Stream) -> (Instant, Instant, String) {
    assert_eq!(stream.status, StatusCode::OK);
    let mut all = stream.next().await.unwrap();
    let first = Instant::now();
    let mut last = first;
    while let Some(more) = stream.next().await {
        all.push_str(&more);
        last = Instant::now();
    }
    (first, last, all)
}

#[tokio::test]
async fn numbers_arrive_as_they_are_made() {
    let server = Server::start().await;
    let forms = ["text", "ndjson", "sse"].map(async |format| {
        let path = format!("/api/stream?count=10&interval_ms=300&format={format}");
        let asked = Instant::now();
        let stream = compressed(server.client().request("GET", &path))
            .send()
            .await;
        let (first, last, all) = arrivals(stream).await;
        assert!(all.contains("10"), "{format}: {all}");
        assert!(last - asked >= SPAN, "{format}: it takes that long");
        assert!(last - first >= APART, "{format}: {:?}", last - first);
    });
    join_all(forms).await;
}

#[tokio::test]
async fn a_tasks_events_and_output_arrive_as_they_happen() {
    let server = Server::start().await;
    let client = server.client();
    let payload = json!({"seconds": 3.0, "steps": 10});
    let id = client.submit(payload).await;
    let follow = |path: &str, accept: &str| {
        let path = format!("/api/tasks/{id}/{path}");
        compressed(client.request("GET", &path)).header("accept", accept)
    };
    let streams = [
        ("output", follow("output?follow=true", "text/plain")),
        ("events", follow("events", "text/event-stream")),
    ];
    let streams = streams.map(async |(name, ask)| {
        let (first, last, all) = arrivals(ask.send().await).await;
        assert!(all.contains("step 10 of 10"), "{name}: {all}");
        assert!(last - first >= APART, "{name}: {:?}", last - first);
    });
    join_all(streams).await;
}
