//! `POST /api/aggregate`: several URLs at the same time, good and bad.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Barrier, Notify};

use crate::support::{Client, Server};

const PATH: &str = "/api/aggregate";

/// Somebody else's server.
struct Upstream {
    address: SocketAddr,
    /// Told when `/never` was asked for, and when who asked has gone.
    asked: Arc<Notify>,
    gone: Arc<Notify>,
}

/// Tells when it is dropped.
struct OnDrop(Arc<Notify>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Upstream {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let together = Arc::new(Barrier::new(3));
        let (telling, leaving) = (Arc::clone(&asked), Arc::clone(&gone));
        let routes = Router::new()
            .route("/json", get(async || axum::Json(json!({"answer": 42}))))
            .route("/missing", get(async || StatusCode::NOT_FOUND))
            .route(
                "/never",
                get(async move || {
                    let _leaving = OnDrop(Arc::clone(&leaving));
                    telling.notify_one();
                    std::future::pending::<()>().await;
                }),
            )
            .route(
                "/together",
                get(async move || {
                    together.wait().await;
                    "all are here"
                }),
            );
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self {
            address,
            asked,
            gone,
        }
    }

    fn source(&self, name: &str) -> Value {
        json!({"name": name, "url": format!("http://{}/{name}", self.address)})
    }
}

async fn ask(client: Client, body: &Value) -> Value {
    let answer = client.post(PATH, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn one_that_fails_or_is_late_is_reported_beside_the_others() {
    let upstream = Upstream::start().await;
    let server = Server::reaching(upstream.address).await;
    let sources = ["json", "missing", "never"].map(|name| upstream.source(name));
    let body = json!({"sources": sources, "timeout_ms": 2_000});
    let report = ask(server.client(), &body).await;
    let results = report["results"].as_array().unwrap();
    let names: Vec<&Value> = results.iter().map(|result| &result["source"]).collect();
    assert_eq!(names, ["json", "missing", "never"]);

    assert_eq!(results[0]["ok"], true);
    assert_eq!(results[0]["status"], 200);
    assert_eq!(results[0]["bytes"], 13);
    assert_eq!(results[0]["data"], json!({"answer": 42}));
    assert!(results[0]["timings"]["first_byte_ms"].is_number());
    assert_eq!(results[1]["ok"], false);
    assert_eq!(results[1]["status"], 404);
    assert_eq!(results[2]["ok"], false);
    assert!(results[2]["status"].is_null());
    assert!(results[2]["error"].is_string());
    // The late one is the longest, and all of it is not much longer.
    let late = results[2]["took_ms"].as_f64().unwrap();
    let total = report["total_time_ms"].as_f64().unwrap();
    assert!(late >= 2_000.0 && total >= late, "{late} of {total}");
    upstream.gone.notified().await;
}

#[tokio::test]
async fn all_are_asked_at_the_same_time() {
    let upstream = Upstream::start().await;
    let server = Server::reaching(upstream.address).await;
    // Each answers when all three have been asked.
    let sources = [(); 3].map(|()| upstream.source("together"));
    let report = ask(server.client(), &json!({"sources": sources})).await;
    for result in report["results"].as_array().unwrap() {
        assert_eq!(result["preview"], "all are here", "{result}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_stops_the_fetching() {
    let upstream = Upstream::start().await;
    let server = Server::reaching(upstream.address).await;
    let body = json!({"sources": [upstream.source("never")], "timeout_ms": 300_000});
    let client = server.client();
    let asking = tokio::spawn(async move { client.post(PATH, &body).await });
    upstream.asked.notified().await;
    asking.abort();
    upstream.gone.notified().await;
}

#[tokio::test]
async fn what_must_not_or_cannot_be_fetched_is_refused_with_the_place() {
    let server = Server::start().await;
    let client = server.client();
    let good = json!({"name": "a", "url": "https://example.com/"});
    let many = vec![good.clone(); 101];
    for (body, pointer) in [
        (json!({"sources": []}), "/sources"),
        (json!({"sources": many}), "/sources"),
        (json!({"sources": [good], "timeout_ms": 0}), "/timeout_ms"),
        (json!({"sources": [good], "concurrency": 0}), "/concurrency"),
        (json!({"sources": [good], "colour": 1}), "/colour"),
        (
            json!({"sources": [good, {"name": "b", "url": "http://127.0.0.1/"}]}),
            "/sources/1/url",
        ),
        (
            json!({"sources": [{"name": "b", "url": "http://[::ffff:7f00:1]/"}]}),
            "/sources/0/url",
        ),
        (
            json!({"sources": [{"name": "b", "url": "ftp://example.com/"}]}),
            "/sources/0/url",
        ),
        (
            json!({"sources": [{"name": "", "url": "https://example.com/"}]}),
            "/sources/0/name",
        ),
        (json!({}), ""),
    ] {
        let problem = client.post(PATH, &body).await.problem(422, PATH);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}
