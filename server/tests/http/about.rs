//! What a server tells of itself: limits, storage, and its settings without secrets.

use std::fs;

use glassworks_protocol::Scope;
use serde_json::json;
use tempfile::tempdir;

use crate::access::{ask, key};
use crate::support::Server;
use crate::support::process::{ANY_PORT, Process, command};

#[tokio::test]
async fn limits_and_storage_are_told_to_who_reads_and_settings_to_who_administers() {
    let server = Server::start().await;
    let client = server.client();
    let reader = key(&server, Scope::Read).await.secret;
    let told = ask(client, &reader, "GET", "/api/settings", None)
        .await
        .json();
    assert_eq!(told["limits"]["payload_bytes"], 256 * 1024);
    assert_eq!(told["retention"]["completed_ms"], 86_400_000);
    assert_eq!(told["store"]["kind"], "sqlite");
    assert!(told["store"]["size_bytes"].as_u64().unwrap() > 0);
    assert_eq!(told["settings"], json!(null));
    let page = ask(client, &reader, "GET", "/about", None).await;
    let html = page.text();
    assert!(html.contains("256.0 KiB"), "{html}");
    assert!(!html.contains("Settings in force"), "{html}");
}

#[tokio::test]
async fn no_secret_of_the_configuration_is_told() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("glassworks.toml");
    let key = "an-operators-key-that-is-long-enough-to-do";
    fs::write(directory.path().join("admin.key"), key).unwrap();
    let text = format!(
        "workers = 7\nadmin_key_file = {:?}\n\
         [commands.list]\nprogram = \"/bin/ls\"\narguments = [\"--s3cret-argument\"]\n\
         environment = {{ TOKEN = \"s3cret-value\" }}\n",
        directory.path().join("admin.key")
    );
    fs::write(&file, text).unwrap();
    let mut command = command(directory.path(), ANY_PORT);
    command.arg("--config").arg(&file);
    let process = Process::spawn(command).await;
    let client = process.client();
    let told = ask(client, key, "GET", "/api/settings", None).await;
    let settings = told.json()["settings"].clone();
    let value = |name: &str| {
        let all = settings.as_array().unwrap().iter();
        let found = { all }.find(|it| it["name"] == name).unwrap();
        found["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(value("workers"), "7");
    assert_eq!(value("commands"), "list");
    assert_eq!(value("admin_key_file"), "set");
    assert!(value("database").contains("tasks.db"));
    let page = ask(client, key, "GET", "/about", None).await;
    assert!(page.text().contains("Settings in force"), "{}", page.text());
    for answer in [told.text(), page.text()] {
        for secret in [key, "s3cret"] {
            assert!(!answer.contains(secret), "{answer}");
        }
    }
}
