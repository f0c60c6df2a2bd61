//! Each line of the table, with each scope; and each change and WebSocket, asked for by another
//! site's page.

use glassworks_protocol::Scope;
use glassworks_server::access::{Need, Rule};
use http::{Method, StatusCode};

use super::super::support::Server;
use super::key;

/// A path that has nothing in the place of its parameters: what is asked for is not there, but
/// whoever may not ask is told so first.
fn path(rule: &Rule) -> String {
    let nothing = "01900000-0000-7000-8000-000000000000";
    let steps = rule.path.split('/').map(|step| {
        if step.starts_with('{') || step.starts_with(':') {
            nothing
        } else {
            step
        }
    });
    steps.collect::<Vec<_>>().join("/")
}

async fn status(server: &Server, rule: &Rule, key: Option<&str>) -> StatusCode {
    // Short ways through what would take its time.
    let path = match rule.path.as_str() {
        "/api/slow" => "/api/slow?seconds=0".to_owned(),
        "/api/stream" => "/api/stream?count=1".to_owned(),
        "/api/aggregate" if rule.method == Method::GET => "/api/aggregate?x=1".to_owned(),
        _ => path(rule),
    };
    let mut ask = server.client().request(rule.method.as_str(), &path);
    if let Some(key) = key {
        ask = ask.header("authorization", &format!("Bearer {key}"));
    }
    ask.send().await.status
}

fn is_refused(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

#[tokio::test]
async fn each_route_is_there_for_the_scopes_that_the_table_says_and_for_no_other() {
    let server = Server::start().await;
    let mut keys = Vec::new();
    for scope in Scope::ALL {
        keys.push((scope, key(&server, scope).await.secret));
    }
    let rules = server.rules();
    assert!(rules.len() > 50, "{}", rules.len());
    for rule in &rules {
        let needed = rule.need.scope(false);
        let nobody = status(&server, rule, None).await;
        let closed = matches!(nobody, StatusCode::UNAUTHORIZED | StatusCode::SEE_OTHER);
        let named = format!("{} {}", rule.method, rule.path);
        // The way out is for everybody, and leads to the way in.
        if rule.path != "/sign-out" {
            assert_eq!(closed, needed.is_some(), "{named} without a key: {nobody}");
        }
        for (scope, key) in &keys {
            let answered = status(&server, rule, Some(key)).await;
            let allowed = needed.is_none_or(|needed| scope.allows(needed));
            assert_eq!(
                answered != StatusCode::FORBIDDEN && answered != StatusCode::UNAUTHORIZED,
                allowed,
                "{named} with {scope}: {answered}"
            );
        }
    }
}

#[tokio::test]
async fn who_works_sees_no_task_and_only_who_administers_changes_the_server() {
    let server = Server::start().await;
    for rule in server.rules() {
        let works = rule
            .need
            .scope(false)
            .is_none_or(|needed| needed == Scope::Work);
        let of_claims = rule.path.starts_with("/api/claims");
        assert!(
            !works || of_claims || rule.need == Need::Nothing,
            "{rule:?}"
        );
        let changes = rule.method != Method::GET;
        let of_server = ["/api/queues", "/api/schedules", "/api/keys"];
        if changes && of_server.iter().any(|path| rule.path.starts_with(path)) {
            assert_eq!(rule.need, Need::ADMIN, "{rule:?}");
        }
    }
}

/// What an address does not say, another spelling of it does not either.
#[tokio::test]
async fn no_other_spelling_of_a_path_gets_around_the_table() {
    let server = Server::start().await;
    key(&server, Scope::Read).await;
    for path in [
        "/api/tasks/",
        "/api/tasks",
        "/tasks/",
        "/%74asks",
        "/submit/",
        "/fn/load?wanted=Board",
        "/fn/load/?wanted=Board",
        "/docs/",
        "/openapi.json/",
    ] {
        for method in ["GET", "HEAD"] {
            let answer = server
                .client()
                .request(method, path)
                .header("accept", "text/html")
                .send()
                .await
                .whole()
                .await;
            let elsewhere = answer.status.is_redirection();
            assert!(
                elsewhere || is_refused(answer.status) || answer.status == StatusCode::NOT_FOUND,
                "{method} {path}: {}",
                answer.status
            );
            assert!(!answer.text().contains("data-scope"), "{path}");
        }
    }
}

#[tokio::test]
async fn no_change_and_no_socket_is_another_sites_to_ask_for() {
    let server = Server::start().await;
    let admin = key(&server, Scope::Admin).await.secret;
    let bad: [(&str, &str, u16); 5] = [
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("host", "evil.example", 421),
    ];
    for rule in server.rules() {
        let changes = rule.method != Method::GET;
        let is_socket = rule.path.ends_with("/ws");
        if !changes && !is_socket {
            continue;
        }
        for (name, value, expected) in bad {
            let mut ask = server
                .client()
                .request(rule.method.as_str(), &path(&rule))
                .header("authorization", &format!("Bearer {admin}"))
                .header(name, value);
            if is_socket {
                ask = ask
                    .header("connection", "upgrade")
                    .header("upgrade", "websocket")
                    .header("sec-websocket-version", "13")
                    .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
            }
            let answered = ask.send().await.status;
            assert_eq!(answered, expected, "{rule:?} with {name}: {value}");
        }
    }
}

/// What a stranger sends is not even read: an endless body would be waited for.
#[tokio::test]
async fn a_strangers_body_is_not_taken_in() {
    let server = Server::start().await;
    key(&server, Scope::Read).await;
    for path in ["/api/tasks", "/api/tasks/batch", "/nowhere"] {
        let ask = server
            .client()
            .request("POST", path)
            .body("x".repeat(500_000));
        let answer = ask.send().await.whole().await;
        assert_eq!(answer.problem(401, path)["code"], "unauthorized");
    }
    let long = format!("key={}", "x".repeat(10_000));
    let form = server
        .client()
        .request("POST", "/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(long);
    form.send().await.whole().await.problem(413, "/sign-in");
}

#[tokio::test]
async fn the_document_says_what_each_operation_asks_for() {
    let server = Server::start().await;
    let document = server.client().get("/openapi.json").await.json();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["key"]["scheme"], "bearer");
    assert_eq!(schemes["session"]["in"], "cookie");
    for rule in server.rules() {
        let operation = &document["paths"][&rule.path][rule.method.as_str().to_lowercase()];
        if operation.is_null() {
            let of_people = !rule.path.starts_with("/api/");
            assert!(of_people, "{rule:?} is not in the document");
            continue;
        }
        let security = operation["security"].as_array().unwrap();
        match rule.need.scope(false) {
            None => assert!(security.is_empty(), "{rule:?}"),
            Some(scope) => {
                assert_eq!(operation["x-scope"], scope.as_str(), "{rule:?}");
                assert_eq!(security[0]["key"][0], scope.as_str());
                assert!(operation["responses"]["401"].is_object());
                assert!(operation["responses"]["403"].is_object());
            }
        }
    }
}
