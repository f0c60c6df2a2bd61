//! The lab over HTTP: what it teaches, and an experiment from submission to result.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server, process};

async fn run(client: Client, payload: Value) -> Answer {
    let task = json!({"kind": "lab", "payload": payload, "max_attempts": 1});
    let request = client.request("POST", "/api/tasks").json(&task);
    let request = request.header("prefer", "wait=60");
    request.send().await.whole().await
}

#[tokio::test]
async fn experiments_are_published_with_their_code_and_parameters() {
    let server = Server::start().await;
    let list = server.client().get("/api/experiments").await.json();
    assert_eq!(list["lab"], true);
    let experiments = list["experiments"].as_array().unwrap();
    assert!(experiments.len() >= 10, "{list}");
    for summary in experiments {
        let path = format!("/api/experiments/{}", summary["name"].as_str().unwrap());
        let answer = server.client().get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let experiment = answer.json();
        assert_eq!(experiment["lesson"]["title"], summary["title"]);
        for variant in experiment["variants"].as_array().unwrap() {
            let file = format!("../{}", variant["file"].as_str().unwrap());
            let source = std::fs::read_to_string(&file).unwrap();
            assert_eq!(variant["code"], source.as_str(), "{file} is what runs");
        }
        assert!(experiment["parameters"]["properties"].is_object(), "{path}");
    }
    let missing = server.client().get("/api/experiments/magic").await;
    let problem = missing.problem(404, "/api/experiments/magic");
    assert_eq!(problem["detail"], "There is no experiment `magic`.");
}

#[tokio::test]
async fn an_experiment_runs_from_submission_to_result() {
    let server = Server::start().await;
    let payload = json!({"experiment": "fan-out", "upstreams_ms": [60, 120]});
    let answer = run(server.client(), payload).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let task = answer.json();
    assert_eq!(task["state"], "completed", "{task}");
    let totals: BTreeMap<&str, f64> = task["result"]["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variant| {
            let total = &variant["figures"][0];
            assert_eq!(total["name"], "total");
            let name = variant["variant"].as_str().unwrap();
            (name, total["value"].as_f64().unwrap())
        })
        .collect();
    assert!(totals["fixed"] < totals["broken"], "{totals:?}");
    let events = format!("/api/tasks/{}/events", task["id"].as_str().unwrap());
    let events = server.client().get(&events).await.json();
    let has_span = |track: &str| {
        let mut events = events["events"].as_array().unwrap().iter();
        events.any(|event| event["type"] == "span" && event["track"] == track)
    };
    assert!(has_span("broken · aggregate") && has_span("fixed · upstream 2"));
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_place() {
    let server = Server::start().await;
    for (payload, pointer) in [
        (
            json!({"experiment": "blocking", "work_ms": 9_999_999}),
            "/payload/work_ms",
        ),
        (json!({"experiment": "magic"}), "/payload"),
        (json!({}), "/payload"),
    ] {
        let problem = run(server.client(), payload)
            .await
            .problem(422, "/api/tasks");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
}

#[tokio::test]
async fn an_operator_can_do_without_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = process::command(directory.path(), process::ANY_PORT);
    command.args(["--lab", "off"]);
    let process = process::Process::spawn(command).await;
    let client = process.client();
    let refused = run(client, json!({"experiment": "blocking"})).await;
    assert_eq!(
        refused.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        refused.text()
    );
    let list = client.get("/api/experiments").await.json();
    assert_eq!(list["lab"], false, "its texts can be read all the same");
    assert!(!list["experiments"].as_array().unwrap().is_empty());
}
