//! The small endpoints that wait: slow, aggregate, and the stream of numbers.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::waits::eventually;
use crate::support::{Client, Server};

/// Waits until `count` requests are open, this question not among them.
pub(super) async fn open_requests(client: Client, count: u32) {
    let line = format!("glassworks_http_requests_open {}\n", count + 1);
    eventually(format_args!("{count} open requests"), async || {
        let metrics = client.get("/metrics").await;
        metrics.text().contains(&line).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_wait_is_as_long_as_asked_for() {
    let server = Server::start().await;
    let answer = server.client().get("/api/slow?seconds=0.05").await;
    assert_eq!(answer.status, StatusCode::OK);
    let waited = answer.json()["waited_seconds"].as_f64().unwrap();
    assert!((0.05..1.0).contains(&waited), "{waited}");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("0.05 s"), "{message}");
}

#[tokio::test]
async fn a_wait_within_its_time_limit_is_answered_and_one_beyond_it_is_not() {
    let server = Server::start().await;
    let client = server.client();
    let answer = client.get("/api/slow?seconds=0.01&timeout=30").await;
    assert_eq!(answer.status, StatusCode::OK);
    let late = client.get("/api/slow?seconds=30&timeout=0.01").await;
    let problem = late.problem(504, "/api/slow");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("30 s") && detail.contains("0.01 s"));
}

#[tokio::test]
async fn what_cannot_be_waited_for_is_refused() {
    let server = Server::start().await;
    for (path, query, pointers) in [
        ("/api/slow", "seconds=60.5", json!(["seconds"])),
        ("/api/slow", "seconds=-1", json!(["seconds"])),
        ("/api/slow", "seconds=NaN", json!(["seconds"])),
        ("/api/slow", "seconds=soon", json!(["seconds"])),
        (
            "/api/slow",
            "seconds=61&timeout=-1",
            json!(["seconds", "timeout"]),
        ),
        ("/api/slow", "second=1", json!(["second"])),
        ("/api/stream", "count=0", json!(["count"])),
        ("/api/stream", "count=10001", json!(["count"])),
        ("/api/stream", "interval_ms=60001", json!(["interval_ms"])),
        ("/api/stream", "format=xml", json!(["format"])),
        ("/api/stream", "word=a%0Ab", json!(["word"])),
        ("/api/stream", "interval=5", json!(["interval"])),
    ] {
        let answer = server.client().get(&format!("{path}?{query}")).await;
        let problem = answer.problem(422, path);
        let errors = problem["errors"].as_array().unwrap().iter();
        let told: Vec<&Value> = errors.map(|error| &error["pointer"]).collect();
        assert_eq!(json!(told), pointers, "{query}: {problem}");
    }
}

#[tokio::test]
async fn services_are_asked_at_the_same_time() {
    let server = Server::start().await;
    let answer = server.client().get("/api/aggregate").await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = answer.json();
    let results = answer["results"].as_array().unwrap();
    let sources: Vec<&Value> = results.iter().map(|result| &result["source"]).collect();
    assert_eq!(sources, ["a", "b", "c"]);
    let took: Vec<f64> = results
        .iter()
        .map(|result| result["took"].as_f64().unwrap())
        .collect();
    for (took, asked) in took.iter().zip([1.0, 2.0, 1.5]) {
        assert!((asked..asked + 0.5).contains(took), "{took}");
    }
    let total = answer["total_time"].as_f64().unwrap();
    let sum: f64 = took.iter().sum();
    assert!(total >= took[1] && total < sum - 1.0, "{total} of {sum}");
    assert!(results.iter().all(|result| result["data"].is_string()));
    assert!(answer["note"].is_string());
}

#[tokio::test]
async fn numbers_come_line_by_line_in_three_forms() {
    let server = Server::start().await;
    let client = server.client();
    let path = "/api/stream?count=3&interval_ms=1";
    let text = client.get(path).await;
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(text.text(), "Number 1: 1\nNumber 2: 2\nNumber 3: 3\n");

    let ndjson = client.get(&format!("{path}&format=ndjson")).await;
    assert_eq!(ndjson.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> = ndjson
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let numbers: Vec<&Value> = lines.iter().map(|line| &line["number"]).collect();
    assert_eq!(numbers, [&json!(1), &json!(2), &json!(3)]);

    let sse = client.get(&format!("{path}&format=sse")).await;
    assert_eq!(sse.header("content-type"), "text/event-stream");
    assert!(sse.text().starts_with("id: 1\nevent: number\ndata: {"));
    let end = "event: end\ndata: {\"reason\":\"over\"}\n\n";
    assert!(sse.text().ends_with(end), "{}", sse.text());
}

#[tokio::test]
async fn a_number_arrives_before_the_next_is_made() {
    let server = Server::start().await;
    for format in ["text", "ndjson", "sse"] {
        let path = format!("/api/stream?count=2&interval_ms=60000&format={format}");
        let request = server.client().request("GET", &path);
        // A client that takes compression must not wait for it.
        let mut stream = request.header("accept-encoding", "br, gzip").send().await;
        assert!(!stream.headers.contains_key("content-encoding"));
        assert!(!stream.headers.contains_key("content-length"));
        assert_eq!(stream.headers["x-accel-buffering"], "no");
        // The second number is a minute away.
        let first = stream.until("1").await;
        assert!(!first.contains("number\":2") && !first.contains("Number 2"));
    }
}

#[tokio::test]
async fn a_client_that_goes_away_stops_the_work() {
    let server = Server::start().await;
    let client = server.client();
    let waiting = client.request("GET", "/api/slow?seconds=60").send();
    let waiting = tokio::spawn(waiting);
    let mut stream = client
        .request("GET", "/api/stream?interval_ms=60000")
        .send()
        .await;
    stream.until("Number 1").await;
    open_requests(client, 2).await;
    waiting.abort();
    open_requests(client, 1).await;
    drop(stream);
    open_requests(client, 0).await;
}

#[tokio::test]
async fn numbers_end_politely_when_the_server_shuts_down() {
    let server = Server::start().await;
    let client = server.client();
    let mut streams = Vec::new();
    for format in ["text", "sse"] {
        let path = format!("/api/stream?interval_ms=60000&format={format}");
        let mut stream = client.request("GET", &path).send().await;
        stream.until("1").await;
        streams.push(stream);
    }
    server.shutdown.begin();
    let mut sse = streams.pop().unwrap();
    let end = sse.until("event: end").await;
    assert!(end.contains("shutting_down"), "{end}");
    let text = streams.pop().unwrap().whole().await;
    assert!(!text.text().contains("Number 2"), "{}", text.text());
    assert!(server.shutdown.close().await);
}
