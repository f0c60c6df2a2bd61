//! The server functions of the page `/try`: they answer as the REST routes do, stream as they do, and
//! end when their reader goes.

use glassworks_protocol::{Asking, Problem};
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server};
use crate::waiting::open_requests;

/// The problem without the path that was asked for, which differs.
fn problem(answer: &Answer) -> Problem {
    let problem: Problem = serde_json::from_slice(&answer.body).unwrap();
    Problem {
        instance: None,
        ..problem
    }
}

/// A query of a server function, whose parameters are all there, if only empty.
async fn refused_alike(client: Client, route: &str, function: &str, queries: &[(&str, &str)]) {
    for (of_route, of_function) in queries {
        let route = client.get(&format!("{route}?{of_route}")).await;
        let function = client.get(&format!("{function}?{of_function}")).await;
        assert_eq!(function.status, route.status, "{of_function}");
        assert!(route.status.as_u16() >= 400, "{of_route} was accepted");
        assert_eq!(problem(&function), problem(&route), "{of_function}");
    }
}

#[tokio::test]
async fn what_a_route_refuses_its_function_refuses_with_the_same_words() {
    let server = Server::start().await;
    let slow = [
        ("seconds=60.5", "seconds=60.5&timeout="),
        ("seconds=NaN", "seconds=NaN&timeout="),
        ("seconds=soon", "seconds=soon&timeout="),
        ("seconds=61&timeout=-1", "seconds=61&timeout=-1"),
        ("seconds=30&timeout=0", "seconds=30&timeout=0"),
    ];
    refused_alike(server.client(), "/api/slow", "/fn/try_slow", &slow).await;
    let stream = [
        ("count=0", "count=0&interval_ms=&word="),
        ("count=10001", "count=10001&interval_ms=&word="),
        ("count=2.5", "count=2.5&interval_ms=&word="),
        ("count=-1", "count=-1&interval_ms=&word="),
        ("interval_ms=60001", "count=&interval_ms=60001&word="),
        ("word=a%0Ab", "count=&interval_ms=&word=a%0Ab"),
        ("count=0&word=a%00", "count=0&interval_ms=&word=a%00"),
    ];
    refused_alike(server.client(), "/api/stream", "/fn/try_stream", &stream).await;
}

#[tokio::test]
async fn a_function_answers_what_its_route_answers() {
    let server = Server::start().await;
    let client = server.client();
    for (route, endpoint) in [
        ("/api/health", "health"),
        ("/livez", "livez"),
        ("/readyz", "readyz"),
    ] {
        let route = client.get(route).await;
        let function = client
            .get(&format!("/fn/try_answer?endpoint={endpoint}"))
            .await;
        assert_eq!(function.status, StatusCode::OK);
        assert_eq!(function.text(), route.text(), "{endpoint}");
    }
    let hello = client.get("/fn/try_answer?endpoint=hello").await.json();
    assert_eq!(hello["message"], "Hello from the async server!");
    let waited = client
        .get("/fn/try_slow?seconds=0.01&timeout=")
        .await
        .json();
    assert!(
        waited["waited_seconds"].as_f64().unwrap() >= 0.01,
        "{waited}"
    );
    let word = "word=%E6%95%B0%E5%AD%97";
    let query = format!("count=2&interval_ms=0&{word}");
    let route = client.get(&format!("/api/stream?{query}")).await;
    let function = client.get(&format!("/fn/try_stream?{query}")).await;
    assert_eq!(function.text(), "数字 1: 1\n数字 2: 2\n");
    assert_eq!(function.text(), route.text());
}

#[tokio::test]
async fn services_are_told_of_as_they_answer() {
    let server = Server::start().await;
    let ask = server.client().request("GET", "/fn/try_aggregate");
    // A client that takes compression must not wait for it.
    let mut stream = ask.header("accept-encoding", "br, gzip").send().await;
    assert!(!stream.headers.contains_key("content-encoding"));
    assert_eq!(stream.headers["x-accel-buffering"], "no");
    let mut text = stream.until("\n").await;
    assert!(
        !text.contains("answered"),
        "the quickest takes a second: {text}"
    );
    text.push_str(stream.whole().await.text());
    let told: Vec<Asking> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(told.len(), 5, "{text}");
    let route = server.client().get("/api/aggregate").await.json();
    let Some(Asking::Done(all)) = told.last() else {
        panic!("{text}");
    };
    let sources = |all: &Value| {
        let results = all["results"].as_array().unwrap().clone();
        results
            .iter()
            .map(|it| it["source"].clone())
            .collect::<Vec<_>>()
    };
    let all = json!(all);
    assert_eq!(sources(&all), sources(&route));
    assert_eq!(all["note"], route["note"]);
}

#[tokio::test]
async fn a_reader_that_goes_away_stops_the_work() {
    let server = Server::start().await;
    let client = server.client();
    let waiting = client
        .request("GET", "/fn/try_slow?seconds=60&timeout=")
        .send();
    let waiting = tokio::spawn(waiting);
    let path = "/fn/try_stream?count=&interval_ms=60000&word=%C3%BC";
    let mut stream = client.request("GET", path).send().await;
    stream.until("ü 1").await;
    open_requests(client, 2).await;
    waiting.abort();
    open_requests(client, 1).await;
    drop(stream);
    open_requests(client, 0).await;
}

#[tokio::test]
async fn a_stream_of_a_function_ends_when_the_server_does() {
    let server = Server::start().await;
    let path = "/fn/try_stream?count=&interval_ms=60000&word=";
    let mut stream = server.client().request("GET", path).send().await;
    stream.until("Number 1").await;
    server.shutdown.begin();
    assert!(!stream.whole().await.text().contains("Number 2"));
    assert!(server.shutdown.close().await);
}

#[tokio::test]
async fn a_task_is_submitted_to_be_watched_or_refused_with_the_place() {
    let server = Server::start().await;
    let client = server.client();
    let submit = async |body: &'static str| {
        let ask = client
            .request("POST", "/fn/try_task")
            .header("content-type", "application/x-www-form-urlencoded");
        ask.body(body).send().await.whole().await
    };
    let accepted = submit("payload[seconds]=0&payload[steps]=2").await;
    assert_eq!(accepted.status, StatusCode::OK, "{}", accepted.text());
    let id = accepted.json();
    let task = client.finished(id.as_str().unwrap()).await;
    assert_eq!(
        (&task["kind"], &task["state"]),
        (&json!("sleep"), &json!("completed"))
    );
    let refused = submit("payload[seconds]=-1&payload[steps]=2").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem(&refused).errors[0].pointer, "/payload/seconds");
}
