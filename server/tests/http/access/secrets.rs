//! What proves who somebody is, is told once and shows up nowhere.

use std::fs::{self, File};

use serde_json::{Value, json};

use super::super::support::process::{ANY_PORT, Process, command};
use super::{ask, sleep};

#[tokio::test]
async fn keys_and_cookies_are_in_no_answer_log_or_file() {
    let folder = tempfile::tempdir().unwrap();
    let admin = "0123456789abcdef0123456789abcdef";
    let file = folder.path().join("admin.key");
    fs::write(&file, admin).unwrap();
    let log = folder.path().join("log");
    let mut server = command(folder.path(), ANY_PORT);
    server
        .env("GLASSWORKS_ADMIN_KEY_FILE", &file)
        .env("RUST_LOG", "trace")
        .stderr(File::create(&log).unwrap());
    let server = Process::spawn(server).await;
    let client = server.client();
    let asked = async |method: &str, path: &str, body: Option<Value>| {
        ask(client, admin, method, path, body).await
    };
    let new = json!({"name": "ci", "scope": "submit"});
    let made = asked("POST", "/api/keys", Some(new)).await.json();
    let ci = made["secret"].as_str().unwrap().to_owned();
    let wrong = "gw_wrong-but-perhaps-a-slip-of-the-pen";
    assert_eq!(
        ask(client, wrong, "GET", "/api/tasks", None).await.status,
        401
    );
    let task = ask(client, &ci, "POST", "/api/tasks", Some(sleep(0.0)))
        .await
        .json();
    let id = task["id"].as_str().unwrap();
    let form = client
        .request("POST", "/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("key={ci}"));
    let signed_in = form.send().await.whole().await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap();
    let token = cookie.split_once('=').unwrap().1.to_owned();
    let secrets = [admin, &ci[3..], wrong, &token];

    let pages = ["/", "/tasks", "/access", "/docs"].map(str::to_owned);
    let lists = [
        "/api/keys",
        "/api/sessions",
        "/api/audit",
        "/api/tasks?fields=payload,result,errors",
        "/api/stats",
        "/api/nodes",
        "/metrics",
        "/openapi.json",
    ]
    .map(str::to_owned);
    let of_task = ["", "/events", "/output"].map(|rest| format!("/api/tasks/{id}{rest}"));
    for path in pages.iter().chain(&lists).chain(&of_task) {
        let answer = asked("GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}");
        for secret in secrets {
            assert!(!answer.text().contains(secret), "{path} shows {secret}");
        }
    }
    let page = client.request("GET", "/access").header("cookie", cookie);
    let page = page.send().await.whole().await;
    assert!(secrets.iter().all(|secret| !page.text().contains(secret)));
    server.kill().await;

    fs::remove_file(&file).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        for secret in secrets {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{} has {secret}", path.display());
        }
    }
    assert!(
        fs::read_to_string(&log)
            .unwrap()
            .contains("a wrong key was sent")
    );
}
