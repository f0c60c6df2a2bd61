//! Keys over the API: made, listed, revoked, expired, and never shown again.

use glassworks_protocol::Scope;
use serde_json::json;

use super::super::support::Server;
use super::super::support::waits::eventually;
use super::{ask, key, new_key};

#[tokio::test]
async fn the_first_key_closes_the_server_and_its_text_is_told_once() {
    let server = Server::start().await;
    let client = server.client();
    assert_eq!(client.get("/api/tasks").await.status, 200);
    let new = json!({"name": "first", "scope": "admin"});
    let made = client.post("/api/keys", &new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("gw_"), "{secret}");

    let refused = client.get("/api/tasks").await;
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer realm=\"glassworks\""
    );
    assert_eq!(refused.problem(401, "/api/tasks")["code"], "unauthorized");
    for open in ["/livez", "/readyz", "/api/health"] {
        assert_eq!(client.get(open).await.status, 200, "{open}");
    }
    assert_eq!(client.get("/metrics").await.status, 401);

    let list = ask(client, secret, "GET", "/api/keys", None).await;
    assert_eq!(list.json()["keys"][0]["name"], "first");
    assert!(list.json()["keys"][0]["last_used_at"].is_string());
    let audit = ask(client, secret, "GET", "/api/audit", None).await;
    for text in [list.text(), audit.text()] {
        assert!(!text.contains(&secret[3..]), "{text}");
        assert!(!text.contains("hash"), "{text}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_told_so_and_one_too_many_has_to_wait() {
    let server = Server::start().await;
    let client = server.client();
    let good = key(&server, Scope::Read).await.secret;
    let wrong = ask(client, "gw_wrong", "GET", "/api/tasks", None).await;
    let challenge = "Bearer realm=\"glassworks\", error=\"invalid_token\"";
    assert_eq!(wrong.header("www-authenticate"), challenge);
    wrong.problem(401, "/api/tasks");
    let mut last = wrong;
    for number in 0..20 {
        last = ask(client, &format!("gw_{number}"), "GET", "/api/tasks", None).await;
    }
    assert_eq!(last.problem(429, "/api/tasks")["code"], "too_many_attempts");
    let wait: u64 = last.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    // Whoever has a good key is not to suffer for it.
    let answer = ask(client, &good, "GET", "/api/tasks", None).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_key_that_is_revoked_or_has_expired_is_good_for_nothing() {
    let server = Server::start().await;
    let client = server.client();
    let admin = key(&server, Scope::Admin).await.secret;
    let mut short = new_key("short", Scope::Read);
    short.expires_in_ms = Some(1);
    let short = server.engine.create_key(short).await.unwrap();
    let expired = eventually("a key to expire", async || {
        let answer = ask(client, &short.secret, "GET", "/api/tasks", None).await;
        (answer.status == 401).then_some(answer)
    })
    .await;
    assert!(expired.text().contains("expired"), "{}", expired.text());

    let read = key(&server, Scope::Read).await;
    let path = format!("/api/keys/{}", read.key.id);
    assert_eq!(ask(client, &admin, "DELETE", &path, None).await.status, 204);
    let gone = ask(client, &read.secret, "GET", "/api/tasks", None).await;
    gone.problem(401, "/api/tasks");
    let again = ask(client, &admin, "DELETE", &path, None).await;
    assert_eq!(again.problem(404, &path)["code"], "no_such_key");
    let nonsense = ask(client, &admin, "DELETE", "/api/keys/x", None).await;
    nonsense.problem(404, "/api/keys/x");
    // The last one to go does not open the server.
    let own = server.engine.keys()[0].id;
    let path = format!("/api/keys/{own}");
    assert_eq!(ask(client, &admin, "DELETE", &path, None).await.status, 204);
    for key in server.engine.keys() {
        server.engine.revoke_key(key.id).await.unwrap();
    }
    assert_eq!(client.get("/api/tasks").await.status, 401);
}

#[tokio::test]
async fn a_key_that_cannot_be_is_refused_and_says_where() {
    let server = Server::start().await;
    let client = server.client();
    for (new, pointer) in [
        (json!({"name": "", "scope": "read"}), "/name"),
        (json!({"name": "a b", "scope": "read"}), "/name"),
        (json!({"name": "a", "scope": "root"}), "/scope"),
        (
            json!({"name": "a", "scope": "admin", "kinds": ["sleep"]}),
            "/kinds",
        ),
        (
            json!({"name": "a", "scope": "read", "queues": [""]}),
            "/queues",
        ),
        (
            json!({"name": "a", "scope": "read", "expires_in_ms": 0}),
            "/expires_in_ms",
        ),
    ] {
        let answer = client.post("/api/keys", &new).await;
        let problem = answer.problem(422, "/api/keys");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let admin = key(&server, Scope::Admin).await.secret;
    let twin = json!({"name": "test-admin", "scope": "read"});
    let answer = ask(client, &admin, "POST", "/api/keys", Some(twin)).await;
    assert_eq!(
        answer.problem(422, "/api/keys")["errors"][0]["pointer"],
        "/name"
    );
}
