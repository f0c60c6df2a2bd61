//! The OpenAPI document: what it says, and that it is what the server does.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::Value;

use crate::support::{Server, process};

async fn document(server: &Server) -> Value {
    let answer = server.client().get("/openapi.json").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

/// Each operation with its path and method.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .collect()
}

#[tokio::test]
async fn every_operation_says_what_it_is() {
    let server = Server::start().await;
    let document = document(&server).await;
    assert_eq!(document["openapi"], "3.1.0");
    let tags = document["tags"].as_array().unwrap();
    let tags: BTreeSet<&str> = tags
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = format!("{method} {path}");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(summary.ends_with('.'), "{name}: {summary}");
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap()),
            "{name}"
        );
        let own = operation["tags"].as_array().unwrap();
        assert_eq!(own.len(), 1, "{name}");
        assert!(tags.contains(own[0].as_str().unwrap()), "{name}: {own:?}");
        for parameter in operation["parameters"].as_array().unwrap_or(&Vec::new()) {
            assert!(parameter["description"].is_string(), "{name}: {parameter}");
        }
        let answers = operation["responses"].as_object().unwrap();
        for status in ["400", "421", "500"] {
            assert!(answers.contains_key(status), "{name}: {status}");
        }
    }
}

#[tokio::test]
async fn a_path_that_is_documented_is_there() {
    let server = Server::start().await;
    for (path, method, _) in operations(&document(&server).await) {
        let path = path.replace("{id}", "00000000-0000-7000-8000-000000000000");
        let answer = server.client().request("OPTIONS", &path).send().await;
        let answer = answer.whole().await;
        let allowed = answer.header("allow");
        let method = method.to_uppercase();
        assert!(
            allowed.split(',').any(|allowed| allowed == method),
            "{method} {path}: {allowed}"
        );
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    fn check(part: &Value, document: &Value) {
        match part {
            Value::Object(fields) => {
                if let Some(Value::String(target)) = fields.get("$ref") {
                    let target = target.strip_prefix('#').unwrap();
                    assert!(document.pointer(target).is_some(), "{target}");
                }
                fields.values().for_each(|part| check(part, document));
            }
            Value::Array(items) => items.iter().for_each(|part| check(part, document)),
            _ => {}
        }
    }
    let server = Server::start().await;
    let document = document(&server).await;
    check(&document, &document);
}

#[tokio::test]
async fn a_task_to_be_is_described_for_each_kind() {
    let server = Server::start().await;
    let document = document(&server).await;
    let task = &document["components"]["schemas"]["NewTask"]["allOf"];
    assert_eq!(task[0]["additionalProperties"], false);
    assert_eq!(task[0]["properties"]["priority"]["maximum"], 9);
    let kinds = server.client().get("/api/kinds").await.json();
    let kinds = kinds["kinds"].as_array().unwrap();
    for (described, kind) in task[1]["oneOf"].as_array().unwrap().iter().zip(kinds) {
        assert_eq!(described["properties"]["kind"]["enum"][0], kind["kind"]);
        let payload = described["properties"]["payload"]["$ref"].as_str().unwrap();
        let payload = document
            .pointer(payload.strip_prefix('#').unwrap())
            .unwrap();
        assert_eq!(payload["required"], kind["schema"]["required"]);
    }
    let submit = &document["paths"]["/api/tasks"]["post"];
    let examples = &submit["requestBody"]["content"]["application/json"]["examples"];
    for (_, example) in examples.as_object().unwrap() {
        let mut task = example["value"].clone();
        // What reaches out is not to do so here.
        task["delay_ms"] = 3_600_000.into();
        let answer = server.client().post("/api/tasks", &task).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_client_that_has_the_document_is_told_so() {
    let server = Server::start().await;
    let client = server.client();
    let etag = client.get("/openapi.json").await.header("etag").to_owned();
    let again = client.request("GET", "/openapi.json");
    let again = again
        .header("if-none-match", &etag)
        .send()
        .await
        .whole()
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
    assert_eq!(again.header("etag"), etag);
}

#[tokio::test]
async fn the_command_prints_what_the_server_serves() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = process::command(directory.path(), process::ANY_PORT);
    let printed = command.arg("openapi").output().await.unwrap();
    assert!(printed.status.success());
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let server = Server::start().await;
    assert_eq!(printed, document(&server).await);
}
