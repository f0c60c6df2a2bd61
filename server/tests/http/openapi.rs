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
    let leads = |reference: &Value| {
        let place = reference.as_str().unwrap().strip_prefix('#').unwrap();
        document.pointer(place).unwrap()
    };
    let task = &document["components"]["schemas"]["NewTask"];
    let mapping = &task["discriminator"]["mapping"];
    let kinds = server.client().get("/api/kinds").await.json();
    let kinds = kinds["kinds"].as_array().unwrap();
    assert_eq!(task["oneOf"].as_array().unwrap().len(), kinds.len());
    for kind in kinds {
        let described = leads(&mapping[kind["kind"].as_str().unwrap()]);
        assert_eq!(described["additionalProperties"], false);
        assert_eq!(described["properties"]["priority"]["maximum"], 9);
        assert_eq!(described["properties"]["kind"]["enum"][0], kind["kind"]);
        let payload = leads(&described["properties"]["payload"]["$ref"]);
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

#[tokio::test]
async fn each_variant_has_a_name_and_is_told_apart_by_a_field() {
    let server = Server::start().await;
    let document = document(&server).await;
    let schemas = &document["components"]["schemas"];
    for (name, field, value, variant) in [
        ("Event", "type", "output", "OutputEvent"),
        ("ServerMessage", "type", "hello", "HelloMessage"),
        ("ClientMessage", "op", "watch_task", "WatchTaskMessage"),
    ] {
        let choice = &schemas[name];
        assert_eq!(choice["discriminator"]["propertyName"], field);
        let location = format!("#/components/schemas/{variant}");
        assert_eq!(choice["discriminator"]["mapping"][value], location);
        assert_eq!(schemas[variant]["title"], variant);
        let mapped = choice["discriminator"]["mapping"].as_object().unwrap();
        assert_eq!(
            mapped.len(),
            choice["oneOf"].as_array().unwrap().len(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_committed_document_is_what_the_server_says() {
    let committed: Value =
        serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
    let server = Server::start().await;
    let document = document(&server).await;
    // Named place by place: all of it at once would be some thousand lines.
    let mut differ = Vec::new();
    compare(&committed, &document, &mut String::new(), &mut differ);
    assert!(
        differ.is_empty(),
        "docs/openapi.json differs at {differ:#?}; if that is meant, renew it: \
         glassworks openapi >docs/openapi.json"
    );
}

/// Notes where two documents differ.
fn compare(one: &Value, other: &Value, place: &mut String, differ: &mut Vec<String>) {
    let (Value::Object(mine), Value::Object(theirs)) = (one, other) else {
        if one != other {
            differ.push(place.clone());
        }
        return;
    };
    let names: BTreeSet<&String> = mine.keys().chain(theirs.keys()).collect();
    for name in names {
        let end = place.len();
        place.push('/');
        place.push_str(name);
        match (mine.get(name), theirs.get(name)) {
            (Some(one), Some(other)) => compare(one, other, place, differ),
            _ => differ.push(place.clone()),
        }
        place.truncate(end);
    }
}
