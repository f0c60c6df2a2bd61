//! Nodes and workers in the browser: who runs what, and draining one worker.

use glassworks_protocol::Scope;
use http::StatusCode;
use serde_json::json;

use crate::access::{ask, key};
use crate::support::Server;
use crate::support::forms::form;
use crate::support::waits::eventually;

#[tokio::test]
async fn a_node_says_what_it_runs_and_how_it_does() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.submit(json!({"seconds": 600})).await;
    let node = eventually("the node to be busy", async || {
        let nodes = client.get("/api/nodes").await.json();
        let node = nodes["nodes"][0].clone();
        (node["busy_workers"] == 1).then_some(node)
    })
    .await;
    assert!(node["lag_ms"].is_u64(), "{node}");
    let kinds = node["kinds"].as_array().unwrap();
    assert!(kinds.contains(&json!("sleep")), "{node}");
    assert!(node.get("queues").is_none(), "it runs those of all");
    let page = client.get("/nodes").await;
    let html = page.text();
    assert!(html.contains("1 of"), "{html}");
    assert!(html.contains(&format!("/tasks/{id}")), "{html}");
}

#[tokio::test]
async fn a_worker_is_drained_and_let_go_on_by_its_form() {
    let server = Server::start().await;
    let client = server.client();
    let claim = json!({"worker": "resizer-1", "kinds": [{"kind": "resize"}], "limit": 1});
    client.post("/api/claims", &claim).await;
    let nodes = client.get("/api/nodes").await.json();
    let worker = &nodes["workers"][0];
    assert_eq!(worker["host"], "127.0.0.1");
    let id = worker["id"].as_str().unwrap();
    for drain in ["true", "false"] {
        let answer = form(client, "/fn/change_worker", &[("id", id), ("drain", drain)]).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.text());
        let nodes = client.get("/api/nodes").await.json();
        assert_eq!(nodes["workers"][0]["drain"], json!(drain == "true"));
        let page = client.get("/nodes").await;
        assert!(page.text().contains("resizer-1"), "{}", page.text());
        assert_eq!(
            page.text().contains("drained: it is given"),
            drain == "true"
        );
    }
    let reader = key(&server, Scope::Read).await.secret;
    let page = ask(client, &reader, "GET", "/nodes", None).await;
    assert!(page.text().contains("resizer-1"));
    assert!(!page.text().contains("<button"), "{}", page.text());
    let refused = ask(
        client,
        &reader,
        "POST",
        "/fn/change_worker",
        Some(json!({})),
    )
    .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}
