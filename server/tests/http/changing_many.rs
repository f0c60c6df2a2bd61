//! Changing many tasks from the pages: what it would change, doing it once, and how far it is.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::waits::eventually;
use crate::support::{Answer, Client, Server};

async fn scheduled(client: Client, tag: &str) -> String {
    let task = json!({
        "kind": "sleep",
        "payload": {"seconds": 1},
        "delay_ms": 3_600_000,
        "tags": [tag],
    });
    let task = client.post("/api/tasks", &task).await.json();
    task["id"].as_str().unwrap().to_owned()
}

/// What a function of the pages answers for a page's query string.
async fn load(client: Client, function: &str, query: &str) -> Value {
    let query = query
        .replace('%', "%25")
        .replace('&', "%26")
        .replace('=', "%3D")
        .replace('+', "%2B");
    client
        .get(&format!("/fn/{function}?query={query}"))
        .await
        .json()
}

async fn begin(client: Client, change: &str, asked: &str) -> Answer {
    let asked = asked.replace('&', "%26").replace('=', "%3D");
    let ask = client
        .request("POST", "/fn/begin_change")
        .header("accept", "text/html")
        .header("content-type", "application/x-www-form-urlencoded");
    let body = format!("change={change}&asked={asked}&expected=2");
    ask.body(body).send().await.whole().await
}

async fn over(client: Client, place: &str) -> Value {
    let query = place.split_once('?').unwrap().1;
    eventually("the end of the change", async || {
        let found = load(client, "many_change", query).await;
        let progress = found["Begun"].clone();
        (progress["is_over"] == true).then_some(progress)
    })
    .await
}

#[tokio::test]
async fn what_is_asked_for_is_counted_and_then_done_once() {
    let server = Server::start().await;
    let client = server.client();
    let (one, two) = (
        scheduled(client, "some").await,
        scheduled(client, "some").await,
    );
    let other = scheduled(client, "other").await;
    let asked = "action=cancel&all=1&q=tag:some+state:scheduled,queued";
    let found = load(client, "many_change", asked).await["Asked"].clone();
    assert_eq!(found["action"], "cancel");
    assert_eq!(found["counts"]["tasks"]["scheduled"], 2);
    let change = found["change"].as_str().unwrap();
    let answer = begin(client, change, asked).await;
    assert_eq!(answer.status, StatusCode::FOUND);
    let place = answer.header("location").to_owned();
    assert!(
        place.starts_with(&format!("/tasks/change?run={change}")),
        "{place}"
    );
    let progress = over(client, &place).await;
    assert_eq!(
        (&progress["matched"], &progress["changed"]),
        (&json!(2), &json!(2))
    );
    for (id, state) in [
        (&one, "cancelled"),
        (&two, "cancelled"),
        (&other, "scheduled"),
    ] {
        let task = client.get(&format!("/api/tasks/{id}")).await.json();
        assert_eq!(task["state"], state);
    }
    // Sent again, it is the same change: what matches by now is not touched.
    let late = scheduled(client, "some").await;
    assert_eq!(begin(client, change, asked).await.header("location"), place);
    assert_eq!(over(client, &place).await, progress);
    let late = client.get(&format!("/api/tasks/{late}")).await.json();
    assert_eq!(late["state"], "scheduled");
    // The page says it without any script.
    let page = client.get(&place).await;
    assert!(
        page.text()
            .contains("2 tasks are cancelled or asked to stop")
    );
}

#[tokio::test]
async fn those_that_are_named_are_changed_as_far_as_their_states_allow() {
    let server = Server::start().await;
    let client = server.client();
    let one = scheduled(client, "x").await;
    let done = client.submit(json!({"seconds": 0})).await;
    client.finished(&done).await;
    let gone = "01900000-0000-7000-8000-000000000000";
    let asked = format!("action=delete&id={one}&id={done}&id={gone}");
    let found = load(client, "many_change", &asked).await["Asked"].clone();
    let counts = &found["counts"]["tasks"];
    assert_eq!(
        (&counts["scheduled"], &counts["completed"]),
        (&json!(1), &json!(1))
    );
    let change = found["change"].as_str().unwrap();
    let place = begin(client, change, &asked).await;
    let progress = over(client, place.header("location")).await;
    assert_eq!(
        (&progress["matched"], &progress["changed"]),
        (&json!(3), &json!(1))
    );
    let left = client.get("/api/tasks").await.json();
    assert_eq!(left["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(left["tasks"][0]["id"], *one);
}

#[tokio::test]
async fn what_is_not_clear_changes_nothing() {
    let server = Server::start().await;
    let client = server.client();
    let one = scheduled(client, "x").await;
    let many: Vec<String> = (0..101).map(|_| format!("id={one}")).collect();
    for unclear in [
        "",
        "action=cancel&all=1&q=state:done",
        "action=cancel&all=1&state=done",
        "action=explode&all=1",
        "action=cancel&id=x",
        &format!("action=cancel&{}", many.join("&")),
    ] {
        let refused = load(client, "many_change", unclear).await;
        assert_eq!(refused["status"], 422, "{unclear}");
        begin(client, "01234567-89ab-4def-8123-456789abcdef", unclear).await;
    }
    let unknown = load(
        client,
        "many_change",
        "run=01234567-89ab-4def-8123-456789abcdef",
    )
    .await;
    assert_eq!(unknown, "Unknown");
    let task = client.get(&format!("/api/tasks/{one}")).await.json();
    assert_eq!(task["state"], "scheduled");
}

#[tokio::test]
async fn a_list_is_counted_by_what_narrows_it() {
    let server = Server::start().await;
    let client = server.client();
    scheduled(client, "red").await;
    scheduled(client, "blue").await;
    for (query, count, most) in [
        ("", 2, Value::Null),
        ("state=failed", 2, Value::Null),
        ("tag=red", 1, json!(10_000)),
        ("q=tag:blue since:1h", 1, json!(10_000)),
    ] {
        let list = load(client, "tasks", &query.replace(' ', "+")).await;
        let counts = &list["counts"];
        assert_eq!(counts["tasks"]["scheduled"], count, "{query}");
        assert_eq!(counts["most"], most, "{query}");
    }
    let searched = load(client, "tasks", "q=words").await;
    assert_eq!(searched["counts"], Value::Null);
    let red = load(client, "tasks", "tag=red").await;
    assert_eq!(red["page"]["tasks"].as_array().unwrap().len(), 1);
}
