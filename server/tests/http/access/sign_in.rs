//! People sign in with a key, without scripts, and out again.

use glassworks_protocol::Scope;
use serde_json::Value;

use super::super::support::{Answer, Client, Server};
use super::{ask, key};

async fn form(client: Client, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
    let mut ask = client
        .request("POST", path)
        .header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        ask = ask.header(name, value);
    }
    ask.body(body.to_owned()).send().await.whole().await
}

async fn page(client: Client, path: &str, cookie: &str) -> Answer {
    let ask = client.request("GET", path).header("accept", "text/html");
    let ask = if cookie.is_empty() {
        ask
    } else {
        ask.header("cookie", cookie)
    };
    ask.send().await.whole().await
}

/// Signs in, and gives the cookie as it is sent back.
async fn signed_in(client: Client, key: &str) -> String {
    let answer = form(client, "/sign-in", &format!("key={key}&next=%2Ftasks"), &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.header("location"), "/tasks");
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_page_leads_to_the_form_and_the_form_back_to_the_page() {
    let server = Server::start().await;
    let client = server.client();
    let read = key(&server, Scope::Read).await;
    let led = page(client, "/tasks?state=failed", "").await;
    assert_eq!(led.status, 303);
    assert_eq!(
        led.header("location"),
        "/sign-in?next=%2Ftasks%3Fstate%3Dfailed"
    );
    let shown = page(client, led.header("location"), "").await;
    assert_eq!(shown.status, 200);
    assert!(
        shown.text().contains("value=\"/tasks?state=failed\""),
        "{}",
        shown.text()
    );
    assert!(
        shown
            .header("content-security-policy")
            .contains("form-action 'self'")
    );

    let cookie = signed_in(client, &read.secret).await;
    assert!(cookie.starts_with("glassworks_session="), "{cookie}");
    let tasks = page(client, "/tasks", &cookie).await;
    assert_eq!(tasks.status, 200);
    // Who only looks is shown nothing that they cannot do.
    assert!(tasks.text().contains("data-scope=\"read\""));
    assert!(
        !tasks.text().contains("href=\"/submit\""),
        "{}",
        tasks.text()
    );
    assert_eq!(page(client, "/submit", &cookie).await.status, 403);
    assert_eq!(page(client, "/api/tasks", &cookie).await.status, 200);
    assert_eq!(page(client, "/api/keys", &cookie).await.status, 403);
    let evil = [
        ("cookie", cookie.as_str()),
        ("origin", "https://evil.example"),
    ];
    assert_eq!(form(client, "/sign-out", "", &evil).await.status, 403);
}

#[tokio::test]
async fn only_a_page_of_this_server_is_gone_on_to() {
    let server = Server::start().await;
    let client = server.client();
    let read = key(&server, Scope::Read).await.secret;
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "",
    ] {
        let body = format!(
            "key={read}&next={}",
            form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>()
        );
        let answer = form(client, "/sign-in", &body, &[]).await;
        assert_eq!(answer.header("location"), "/", "{next}");
    }
}

#[tokio::test]
async fn over_tls_the_cookie_is_this_hosts_alone() {
    let server = Server::start().await;
    let read = key(&server, Scope::Read).await.secret;
    let address = server.address.to_string();
    let origin = format!("https://{address}");
    let headers = [("origin", origin.as_str())];
    let body = format!("key={read}");
    let answer = form(server.client(), "/sign-in", &body, &headers).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-glassworks_session="), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(page(server.client(), "/tasks", cookie).await.status, 200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_and_end_with_their_key() {
    let server = Server::start().await;
    let client = server.client();
    let admin = key(&server, Scope::Admin).await;
    let read = key(&server, Scope::Read).await;
    let mine = signed_in(client, &read.secret).await;
    let other = signed_in(client, &read.secret).await;
    let admins = signed_in(client, &admin.secret).await;
    let listed = async |key: &str| {
        let answer = ask(client, key, "GET", "/api/sessions", None).await;
        for cookie in [&mine, &other, &admins] {
            let token = cookie.split_once('=').unwrap().1;
            assert!(!answer.text().contains(token), "a token is listed");
        }
        answer.json()["sessions"].as_array().unwrap().clone()
    };
    assert_eq!(listed(&read.secret).await.len(), 2);
    let all = listed(&admin.secret).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all[2]["key_name"], "test-admin");
    // Of others one may end none.
    let path = format!("/api/sessions/{}", all[2]["id"].as_str().unwrap());
    assert_eq!(
        ask(client, &read.secret, "DELETE", &path, None)
            .await
            .status,
        404
    );

    let shown = page(client, "/access", &mine).await;
    assert!(shown.text().contains("(this one)"), "{}", shown.text());
    let body = format!("id={}", all[1]["id"].as_str().unwrap());
    let headers = [("cookie", mine.as_str())];
    let ended = form(client, "/access/end-session", &body, &headers).await;
    assert_eq!(ended.header("location"), "/access");
    assert_eq!(page(client, "/tasks", &other).await.status, 303);
    assert_eq!(page(client, "/tasks", &mine).await.status, 200);

    let out = form(client, "/sign-out", "", &headers).await;
    assert_eq!(out.header("location"), "/sign-in");
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(page(client, "/tasks", &mine).await.status, 303);

    let mut socket = client
        .socket_with("/api/ws", &[("cookie", admins.as_str())])
        .await
        .unwrap();
    socket.hear_type("hello").await;
    server.engine.revoke_key(admin.key.id).await.unwrap();
    assert_eq!(socket.closed().await, 1008);
    assert_eq!(page(client, "/tasks", &admins).await.status, 303);
}

#[tokio::test]
async fn a_wrong_key_opens_nothing_and_a_workers_opens_no_page() {
    let server = Server::start().await;
    let client = server.client();
    let work = key(&server, Scope::Work).await.secret;
    for key in ["gw_wrong", "", &work] {
        let answer = form(client, "/sign-in", &format!("key={key}"), &[]).await;
        assert_eq!(answer.status, 422, "{key}");
        assert!(answer.header("set-cookie").is_empty());
        assert!(answer.text().contains("role=\"alert\""));
        assert!(
            key.is_empty() || !answer.text().contains(key),
            "a key is shown"
        );
    }
    let mut last = form(client, "/sign-in", "key=x", &[]).await;
    for number in 0..20 {
        last = form(client, "/sign-in", &format!("key=x{number}"), &[]).await;
    }
    assert_eq!(last.status, 429);
    assert!(!last.header("retry-after").is_empty());
    // A cookie that is no session's is no attempt, and no session.
    let answer = page(client, "/api/tasks", "glassworks_session=x").await;
    assert_eq!(answer.problem(401, "/api/tasks")["code"], "unauthorized");
    assert_eq!(answer.json()["errors"], Value::Null);
}

#[tokio::test]
async fn a_server_function_asks_for_what_its_button_does() {
    let server = Server::start().await;
    let client = server.client();
    let read = key(&server, Scope::Read).await.secret;
    let cookie = signed_in(client, &read).await;
    let headers = [("cookie", cookie.as_str()), ("accept", "application/json")];
    for path in [
        "/fn/submit_task",
        "/fn/change_task",
        "/fn/save_schedule",
        "/fn/begin_change",
    ] {
        let answer = form(client, path, "kind=sleep", &headers).await;
        assert_eq!(answer.problem(403, path)["code"], "forbidden");
    }
    // A form without scripts and without a session leads to the way in.
    let answer = form(client, "/fn/submit_task", "", &[("accept", "text/html")]).await;
    assert_eq!(answer.header("location"), "/sign-in?next=%2F");
}
