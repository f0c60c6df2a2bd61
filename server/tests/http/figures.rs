//! What the server says about itself: stats, nodes, health, metrics.

use std::collections::HashMap;

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Client, Server};

/// Runs one task that completes and one that fails.
async fn work(client: Client) {
    let completes = client.submit(json!({"seconds": 0.01})).await;
    let fails = json!({
        "kind": "sleep",
        "payload": {"seconds": 0, "fail_at_step": 1},
        "max_attempts": 1,
    });
    let fails = client.post("/api/tasks", &fails).await.json();
    assert_eq!(client.finished(&completes).await["state"], "completed");
    let fails = fails["id"].as_str().unwrap();
    assert_eq!(client.finished(fails).await["state"], "failed");
}

#[tokio::test]
async fn the_figures_are_whole() {
    let server = Server::start().await;
    let client = server.client();
    let idle = client.get("/api/stats").await.json();
    assert!(idle["pick_up"]["p50_ms"].is_null());
    assert!(idle["oldest_waiting_at"].is_null());
    work(client).await;
    client
        .request("POST", "/api/queues/slow/pause")
        .send()
        .await;
    let waits = json!({"kind": "sleep", "payload": {"seconds": 0}, "queue": "slow"});
    let waits = client.post("/api/tasks", &waits).await.json();

    let answer = client.get("/api/stats").await;
    assert_eq!(answer.status, StatusCode::OK);
    let stats = answer.json();
    assert_eq!(stats["tasks"]["completed"], 1);
    assert_eq!(stats["tasks"]["failed"], 1);
    assert_eq!(stats["tasks"]["queued"], 1);
    assert_eq!(stats["since_start"]["completed"], 1);
    assert_eq!(stats["since_start"]["failed"], 1);
    assert_eq!(stats["oldest_waiting_at"], waits["run_at"]);
    assert_eq!(stats["pick_up"]["count"], 2);
    assert!(stats["pick_up"]["p99_ms"].is_number());
    let ran = stats["run"]["p99_ms"].as_f64().unwrap();
    assert!((10.0..10_000.0).contains(&ran), "{ran}");
    assert_eq!(stats["throughput"]["interval_ms"], 1_000);
    let busy = stats["runtime"]["busy_ratio"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&busy), "{busy}");
    assert_eq!(stats["runtime"]["workers"], 1);
    assert!(stats["runtime"]["lag_ms"].is_number());
    assert_eq!(stats["store"]["kind"], "sqlite");
    assert_eq!(stats["store"]["sync"], "full");
    assert!(stats["store"]["size_bytes"].as_u64().unwrap() > 4_096);
    assert_eq!(stats["version"], "0.1.0");
    assert!(stats["uptime_ms"].is_u64());
    assert_eq!(client.get("/stats").await.json()["node"], stats["node"]);
}

#[tokio::test]
async fn the_throughput_is_told_second_by_second() {
    let server = Server::start().await;
    let client = server.client();
    work(client).await;
    let throughput = loop {
        let stats = client.get("/api/stats").await.json();
        if stats["throughput"]["submitted"] != json!([]) {
            break stats["throughput"].clone();
        }
        tokio::task::yield_now().await;
    };
    let sum = |name: &str| -> u64 {
        let counts = throughput[name].as_array().unwrap();
        counts.iter().map(|count| count.as_u64().unwrap()).sum()
    };
    assert_eq!(sum("submitted"), 2);
    assert_eq!(sum("completed"), 1);
    assert_eq!(sum("failed"), 1);
}

#[tokio::test]
async fn the_node_says_who_it_is() {
    let server = Server::start().await;
    let answer = server.client().get("/api/nodes").await.json();
    let nodes = answer["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 1);
    assert_eq!(nodes[0]["name"], server.engine.node());
    let other = Server::start()
        .await
        .client()
        .get("/api/nodes")
        .await
        .json();
    assert_ne!(nodes[0]["id"], other["nodes"][0]["id"]);
    assert_eq!(nodes[0]["version"], "0.1.0");
    assert_eq!(nodes[0]["workers"], 100);
    assert_eq!(nodes[0]["busy_workers"], 0);
    let moment = |name: &str| nodes[0][name].as_str().unwrap().to_owned();
    assert!(moment("started_at") <= moment("last_seen_at"));
}

#[tokio::test]
async fn health_is_told_after_the_store_is_gone_too() {
    let server = Server::start().await;
    let client = server.client();
    work(client).await;
    let healthy = json!({"status": "healthy", "background_tasks_completed": 1});
    assert_eq!(client.get("/api/health").await.json(), healthy);
    server.engine.shutdown().await;
    assert_eq!(client.get("/api/health").await.json(), healthy);
    let alive = client.get("/livez").await;
    assert_eq!(alive.json(), json!({"status": "alive"}));
    client.get("/readyz").await.problem(503, "/readyz");
}

/// The value of each sample, and the type of each metric.
fn parse(text: &str) -> (HashMap<&str, f64>, HashMap<&str, &str>) {
    let mut samples = HashMap::new();
    let mut types = HashMap::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("# TYPE ") {
            let (name, kind) = heading.split_once(' ').unwrap();
            assert!(types.insert(name, kind).is_none(), "{name} comes twice");
        } else if !line.starts_with("# HELP ") {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let twice = samples.insert(sample, value.parse().unwrap());
            assert!(twice.is_none(), "{sample} comes twice");
        }
    }
    (samples, types)
}

#[tokio::test]
async fn prometheus_gets_every_figure() {
    let server = Server::start().await;
    let client = server.client();
    work(client).await;
    client.get("/api/tasks/no-id-of-a-task").await;
    client.get("/nowhere/to/be/found").await;
    let answer = client.get("/metrics").await;
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let (samples, types) = parse(answer.text());
    for (sample, value) in [
        ("glassworks_build_info{version=\"0.1.0\"}", 1.0),
        ("glassworks_tasks_submitted_total", 2.0),
        ("glassworks_tasks_ended_total{state=\"completed\"}", 1.0),
        ("glassworks_tasks_ended_total{state=\"failed\"}", 1.0),
        (
            "glassworks_tasks{queue=\"default\",state=\"completed\"}",
            1.0,
        ),
        ("glassworks_task_run_seconds_count", 2.0),
        ("glassworks_task_run_seconds_bucket{le=\"+Inf\"}", 2.0),
        ("glassworks_task_pick_up_seconds_count", 2.0),
        ("glassworks_workers", 100.0),
        ("glassworks_store_up", 1.0),
        ("glassworks_oldest_waiting_seconds", 0.0),
        ("glassworks_http_requests_open", 1.0),
        (
            "glassworks_http_requests_total{method=\"POST\",route=\"/api/tasks\",status=\"202\"}",
            2.0,
        ),
        (
            "glassworks_http_requests_total{method=\"GET\",route=\"/api/tasks/{id}\",status=\"404\"}",
            1.0,
        ),
        (
            "glassworks_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}",
            1.0,
        ),
        (
            "glassworks_http_request_duration_seconds_count{method=\"POST\",route=\"/api/tasks\"}",
            2.0,
        ),
    ] {
        assert_eq!(samples.get(sample), Some(&value), "{sample}");
    }
    assert!(samples["glassworks_store_size_bytes"] > 4_096.0);
    // Two submits and two ends, which nobody waited for the disk with together.
    let durable = samples["glassworks_journal_batches_total{durable=\"true\"}"];
    assert!((2.0..=samples["glassworks_journal_writes_total"]).contains(&durable));
    assert!(!answer.text().contains("no-id-of-a-task"));
    assert!(!answer.text().contains("nowhere"));
    for sample in samples.keys() {
        let name = sample.split('{').next().unwrap();
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix))
            .filter(|family| types.get(family) == Some(&"histogram"))
            .unwrap_or(name);
        let kind = types.get(family).unwrap_or_else(|| panic!("{sample}"));
        assert_eq!(*kind == "counter", family.ends_with("_total"), "{sample}");
    }
}

#[tokio::test]
async fn made_up_methods_and_paths_make_no_metrics() {
    let server = Server::start().await;
    let client = server.client();
    for number in 0..20 {
        let path = format!("/api/hello/{number}");
        let method = format!("METHOD{number}");
        client.request(&method, &path).send().await;
        client.request(&method, "/api/hello").send().await;
    }
    let metrics = client.get("/metrics").await;
    let mentions = |text: &str| -> Vec<String> {
        let lines = metrics.text().lines().filter(|line| line.contains(text));
        lines.map(str::to_owned).collect()
    };
    assert!(mentions("METHOD").is_empty());
    assert_eq!(
        mentions("requests_total{method=\"other\""),
        [
            "glassworks_http_requests_total{method=\"other\",route=\"/api/hello\",status=\"405\"} 20",
            "glassworks_http_requests_total{method=\"other\",route=\"none\",status=\"404\"} 20",
        ]
    );
}

#[tokio::test]
async fn every_route_of_figures_takes_what_it_should() {
    let server = Server::start().await;
    let client = server.client();
    for path in [
        "/api/slow?seconds=0",
        "/api/stream?interval_ms=0",
        "/api/stats",
        "/api/nodes",
        "/api/queues",
        "/api/schedules",
        "/metrics",
    ] {
        let head = client.request("HEAD", path).send().await.whole().await;
        assert_eq!(head.status, StatusCode::OK, "{path}");
        assert!(head.body.is_empty(), "{path}");
        let options = client.request("OPTIONS", path).send().await;
        assert_eq!(options.status, StatusCode::NO_CONTENT, "{path}");
        assert!(options.headers["allow"].to_str().unwrap().contains("GET"));
    }
    for (method, path, allowed) in [
        ("GET", "/api/tasks/batch", "POST"),
        ("GET", "/api/tasks/bulk", "POST"),
        ("DELETE", "/api/queues/mail", "GET,HEAD,PUT"),
        ("GET", "/api/queues/mail/pause", "POST"),
        ("PUT", "/api/schedules", "GET,HEAD,POST"),
        ("PATCH", "/api/schedules/nightly", "GET,HEAD,PUT,DELETE"),
        ("POST", "/metrics", "GET,HEAD"),
    ] {
        let answer = client.request(method, path).send().await.whole().await;
        answer.problem(405, path);
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
    for path in ["/api/stats/", "/api/queues/", "/api/slow/?seconds=0"] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
    let answer = client
        .post("/api/tasks/batch/", &json!({"tasks": []}))
        .await;
    let problem: Value = answer.problem(422, "/api/tasks/batch/");
    assert_eq!(problem["errors"][0]["pointer"], "/tasks");
}
