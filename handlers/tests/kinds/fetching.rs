//! `fetch`: several services at the same time, among them some that behave badly.

use std::time::Duration;

use futures::StreamExt as _;
use glassworks_handlers::fetch::{self, Payload};
use glassworks_handlers::{Options, outbound::Outbound};
use glassworks_protocol::{EventBody, State};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpSocket;
use tokio::sync::mpsc;

use crate::support::network::{PUBLIC, Scripted};
use crate::support::service::{Service, answer};
use crate::support::{Node, beside_services, soon};

fn payload(value: Value) -> Payload {
    serde_json::from_value(value).unwrap()
}

/// A service that accepts a request and never answers.
async fn silent() -> Service {
    Service::start(|_, stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await
}

#[tokio::test]
async fn those_that_fail_are_reported_beside_those_that_do_not() {
    let json = answer("200 OK", &["content-type: application/json"], r#"{"a":1}"#);
    let good = Service::saying([json]).await;
    let text = Service::saying([answer("200 OK", &["content-type: text/plain"], "hello")]).await;
    let missing = Service::saying([answer("404 Not Found", &[], "no")]).await;
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    let short = Service::saying([short]).await;
    let garbage = Service::saying(["SSH-2.0-OpenSSH_9.6\r\n"]).await;
    let hung_up = Service::saying([""]).await;
    let silent = silent().await;
    let endless = Service::endless().await;
    let big_head = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(1_000_000));
    let big_head = Service::saying([big_head]).await;
    // A port that is taken, and on which nobody listens.
    let deaf = TcpSocket::new_v4().unwrap();
    deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let refused = format!("http://{}/", deaf.local_addr().unwrap());
    let sources: Vec<_> = [
        ("good", good.url("/")),
        ("text", text.url("/")),
        ("missing", missing.url("/")),
        ("short", short.url("/")),
        ("garbage", garbage.url("/")),
        ("hung up", hung_up.url("/")),
        ("silent", silent.url("/")),
        ("endless", endless.url("/")),
        ("big head", big_head.url("/")),
        ("refused", refused),
        ("nowhere", "http://nowhere.invalid/".to_owned()),
    ]
    .into_iter()
    .map(|(name, url)| json!({"name": name, "url": url}))
    .collect();
    let node = Node::beside_services().await;
    let payload = json!({"sources": sources, "timeout_ms": 3_000, "concurrency": 4});
    let finished = node.run("fetch", payload).await;

    let results = finished.result()["results"].as_array().unwrap();
    let named = |name: &str| results.iter().find(|one| one["source"] == name).unwrap();
    let order: Vec<_> = results
        .iter()
        .map(|one| one["source"].as_str().unwrap())
        .collect();
    assert_eq!(order[..3], ["good", "text", "missing"]);
    assert_eq!(results.len(), sources.len());

    assert_eq!(named("good")["ok"], true);
    assert_eq!(named("good")["data"], json!({"a": 1}));
    assert_eq!(named("good")["bytes"], 7);
    assert!(named("good")["timings"]["first_byte_ms"].is_number());
    assert_eq!(named("text")["preview"], "hello");
    for (name, status, error) in [
        ("missing", json!(404), "404"),
        ("short", json!(200), "before the answer was complete"),
        ("garbage", json!(null), "not HTTP"),
        ("hung up", json!(null), "before the answer was complete"),
        ("silent", json!(null), "timed out after 3000 ms"),
        ("endless", json!(200), ""),
        ("big head", json!(null), "headers are over"),
        ("refused", json!(null), "cannot connect"),
        ("nowhere", json!(null), "cannot resolve"),
    ] {
        let one = named(name);
        assert_eq!(
            (&one["ok"], &one["status"]),
            (&json!(false), &status),
            "{one}"
        );
        assert!(one["error"].as_str().unwrap().contains(error), "{one}");
    }
    // Either limit may come first.
    assert!(named("endless")["bytes"].as_u64().unwrap() <= 17 * 1024 * 1024);

    let spans: Vec<_> = finished
        .log
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Span {
                track, attributes, ..
            } => Some((track.as_str(), attributes)),
            _ => None,
        })
        .collect();
    assert_eq!(spans.len(), sources.len());
    let (_, attributes) = spans.iter().find(|(track, _)| *track == "good").unwrap();
    assert_eq!(
        (&attributes["status"], &attributes["bytes"]),
        (&json!(200), &json!(7))
    );
    assert_eq!(finished.output().lines().count(), sources.len());
    let progress = finished.task.progress.as_ref().unwrap();
    assert!(progress.fraction > 0.999, "{progress:?}");
}

#[tokio::test]
async fn as_many_as_asked_for_are_under_way_at_a_time() {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let service = Service::start(move |_, stream| {
        let arrived = arrived.clone();
        async move { arrived.send(stream).unwrap() }
    })
    .await;
    let source = json!({"name": "a", "url": service.url("/")});
    let payload = payload(json!({"sources": vec![source; 5], "concurrency": 2}));
    let outbound = beside_services();
    let mut under_way = Vec::new();
    let serve = async {
        for _ in 0..5 {
            under_way.push(soon(arrivals.recv()).await.unwrap());
            if under_way.len() == 2 {
                // Two are waiting, so a third has no place, however long it is given.
                let third = tokio::time::timeout(Duration::from_millis(50), arrivals.recv());
                assert!(third.await.is_err());
                for mut stream in under_way.drain(..) {
                    stream
                        .write_all(answer("200 OK", &[], "").as_bytes())
                        .await
                        .unwrap();
                }
            }
        }
        let mut last = under_way.pop().unwrap();
        last.write_all(answer("200 OK", &[], "").as_bytes())
            .await
            .unwrap();
    };
    let (report, ()) = tokio::join!(fetch::all(&outbound, &payload, None), serve);
    assert!(report.results().all(|one| one.ok), "{report:?}");
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connections() {
    let (closed, mut closing) = mpsc::unbounded_channel();
    let service = Service::start(move |_, mut stream| {
        let closed = closed.clone();
        async move {
            let end = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1]).await;
            closed.send(end.unwrap_or(0)).unwrap();
        }
    })
    .await;
    let quick = Service::saying([answer("200 OK", &[], "")]).await;
    let payload = payload(json!({"sources": [
        {"name": "waiting", "url": service.url("/")},
        {"name": "quick", "url": quick.url("/")},
    ]}));
    let outbound = beside_services();
    let mut fetching = Box::pin(fetch::each(&outbound, &payload, None));
    let (place, first) = fetching.next().await.unwrap();
    assert_eq!((place, first.source.as_str()), (1, "quick"));
    soon(service.reached()).await;
    drop(fetching);
    assert_eq!(soon(closing.recv()).await, Some(0));
}

#[tokio::test]
async fn a_cancelled_task_stops_waiting() {
    let silent = silent().await;
    let node = Node::beside_services().await;
    let sources = json!([{"name": "silent", "url": silent.url("/")}]);
    let id = node
        .submit("fetch", json!({"sources": sources, "timeout_ms": 300_000}))
        .await;
    soon(silent.reached()).await;
    node.engine.cancel(id).await.unwrap();
    assert_eq!(node.finish(id).await.task.state, State::Cancelled);
}

#[tokio::test]
async fn what_is_out_of_range_is_refused_by_name() {
    let node = Node::start(Options::default()).await;
    let source = json!({"name": "a", "url": "https://example.com/"});
    let pointers = async |payload: Value| -> Vec<String> {
        let errors = node.refused("fetch", payload).await;
        errors.into_iter().map(|error| error.pointer).collect()
    };
    assert_eq!(pointers(json!({"sources": []})).await, ["/payload/sources"]);
    let many = json!({"sources": vec![&source; 101]});
    assert_eq!(pointers(many).await, ["/payload/sources"]);
    let ranges = json!({"sources": [source], "timeout_ms": 0, "concurrency": 101});
    assert_eq!(
        pointers(ranges).await,
        ["/payload/timeout_ms", "/payload/concurrency"]
    );
    let nameless = json!({"sources": [{"name": "", "url": "https://example.com/"}]});
    assert_eq!(pointers(nameless).await, ["/payload/sources/0/name"]);
}

#[tokio::test]
async fn a_hundred_answers_fit_into_a_result() {
    let body = format!("[{}]", vec!["1e9"; 3_000].join(","));
    let json = answer("200 OK", &["content-type: application/json"], &body);
    let service = Service::saying([json]).await;
    let controls = answer("200 OK", &[], &"\u{1}".repeat(5_000));
    let controls = Service::saying([controls]).await;
    let network = Scripted::default()
        .name("json.example", &[PUBLIC])
        .name("controls.example", &["93.184.216.35"])
        .route(PUBLIC, service.address)
        .route("93.184.216.35", controls.address);
    let outbound = Outbound::default().with_network(network);
    let node = Node::start(Options {
        outbound,
        ..Options::default()
    })
    .await;
    let source = |host| json!({"name": "a", "url": format!("http://{host}.example/")});
    let mut sources = vec![source("json"); 50];
    sources.extend(vec![source("controls"); 50]);
    let finished = node.run("fetch", json!({"sources": sources})).await;
    let results = finished.result()["results"].as_array().unwrap();
    assert!(results.iter().all(|one| one["ok"] == true), "{results:?}");
}
