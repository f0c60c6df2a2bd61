//! A server that others can reach does not start while nobody has to sign in.

use std::fs;

use super::super::support::Client;
use super::super::support::process::{ANY_PORT, Process, command, refusal};
use super::ask;

const EVERYWHERE: &str = "0.0.0.0:0";

#[tokio::test]
async fn beyond_this_machine_there_has_to_be_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let said = refusal(command(folder.path(), EVERYWHERE)).await;
    assert!(said.contains("there is no key"), "{said}");
    assert!(said.contains("glassworks key create"), "{said}");

    let file = folder.path().join("admin.key");
    let secret = "0123456789abcdef0123456789abcdef";
    fs::write(&file, format!("{secret}\n")).unwrap();
    let mut with_key = command(folder.path(), EVERYWHERE);
    with_key.env("GLASSWORKS_ADMIN_KEY_FILE", &file);
    let server = Process::spawn(with_key).await;
    let client = Client(([127, 0, 0, 1], server.address.port()).into());
    assert_eq!(client.get("/api/tasks").await.status, 401);
    assert_eq!(
        ask(client, secret, "GET", "/api/keys", None).await.status,
        200
    );
    server.kill().await;

    // The key is kept, and another one in the file takes its place.
    let again = Process::spawn(command(folder.path(), EVERYWHERE)).await;
    again.kill().await;
    let other = "fedcba9876543210fedcba9876543210";
    fs::write(&file, other).unwrap();
    let mut with_other = command(folder.path(), ANY_PORT);
    with_other.env("GLASSWORKS_ADMIN_KEY_FILE", &file);
    let server = Process::spawn(with_other).await;
    let client = server.client();
    assert_eq!(
        ask(client, secret, "GET", "/api/keys", None).await.status,
        401
    );
    let keys = ask(client, other, "GET", "/api/keys", None).await.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_file_that_could_be_guessed_or_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("admin.key");
    let mut missing = command(folder.path(), ANY_PORT);
    missing.env("GLASSWORKS_ADMIN_KEY_FILE", &file);
    let said = refusal(missing).await;
    assert!(said.contains("cannot read the key in"), "{said}");
    fs::write(&file, "secret").unwrap();
    let mut short = command(folder.path(), ANY_PORT);
    short.env("GLASSWORKS_ADMIN_KEY_FILE", &file);
    let said = refusal(short).await;
    assert!(said.contains("32 to 256"), "{said}");
    assert!(!said.contains("secret\""), "{said}");
}

#[tokio::test]
async fn figures_are_public_when_the_operator_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("admin.key");
    fs::write(&file, "0123456789abcdef0123456789abcdef").unwrap();
    let mut public = command(folder.path(), ANY_PORT);
    public.env("GLASSWORKS_ADMIN_KEY_FILE", &file);
    public.env("GLASSWORKS_PUBLIC_METRICS", "true");
    let server = Process::spawn(public).await;
    assert_eq!(server.client().get("/metrics").await.status, 200);
    assert_eq!(server.client().get("/api/stats").await.status, 401);
}
