//! `glassworks key`, while the server is down and while it runs.

use std::path::Path;
use std::process::{Output, Stdio};

use tokio::process::Command;

use super::super::support::process::Process;
use super::super::support::waits::within;
use super::ask;

async fn run(folder: &Path, arguments: &[&str], key: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glassworks"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GLASSWORKS_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .args(["--database", "sqlite:tasks.db", "key"])
        .args(arguments)
        .stdin(Stdio::null());
    if let Some(key) = key {
        command.env("GLASSWORKS_KEY", key);
    }
    within("a command about keys", command.output())
        .await
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn works(folder: &Path, arguments: &[&str], key: Option<&str>) -> String {
    let output = run(folder, arguments, key).await;
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked_whether_the_server_runs_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let create = ["create", "--name", "root", "--scope", "admin"];
    let root = works(folder, &create, None).await;
    let root = root.trim();
    assert!(root.starts_with("gw_"), "{root}");
    let limited = [
        "create",
        "--name",
        "ci",
        "--scope",
        "submit",
        "--kinds",
        "sleep,fetch",
        "--queues",
        "q",
        "--expires",
        "90d",
    ];
    works(folder, &limited, None).await;
    let list = works(folder, &["list"], None).await;
    assert_eq!(list.lines().count(), 2, "{list}");
    let ci = list.lines().nth(1).unwrap();
    assert!(
        ci.contains("\tci\tscope=submit\tkinds=sleep,fetch\tqueues=q\texpires=2"),
        "{ci}"
    );
    assert!(!list.contains(&root[3..]), "{list}");

    let server = Process::start(folder).await;
    let client = server.client();
    assert_eq!(
        ask(client, root, "GET", "/api/keys", None).await.status,
        200
    );
    let held = run(folder, &["list"], None).await;
    assert!(!held.status.success());
    let said = text(&held.stderr);
    assert!(
        said.contains("--server") && said.contains("GLASSWORKS_KEY"),
        "{said}"
    );

    let url = format!("http://{}", server.address);
    let more = [
        "create", "--name", "more", "--scope", "read", "--server", &url,
    ];
    let refused = run(folder, &more, None).await;
    assert!(!refused.status.success());
    assert!(
        text(&refused.stderr).contains("Authorization"),
        "{}",
        text(&refused.stderr)
    );
    let more = works(folder, &more, Some(root)).await;
    assert_eq!(
        ask(client, more.trim(), "GET", "/api/tasks", None)
            .await
            .status,
        200
    );
    works(folder, &["revoke", "more", "--server", &url], Some(root)).await;
    assert_eq!(
        ask(client, more.trim(), "GET", "/api/tasks", None)
            .await
            .status,
        401
    );
    let list = works(folder, &["list", "--server", &url], Some(root)).await;
    assert_eq!(list.lines().count(), 2, "{list}");
    let log = ask(client, root, "GET", "/api/audit?action=create_key", None)
        .await
        .json();
    let actors: Vec<_> = log["entries"].as_array().unwrap().iter().collect();
    assert_eq!(actors[0]["actor"]["kind"], "key");
    assert_eq!(actors[1]["actor"]["kind"], "operator");
    server.kill().await;

    let unknown = run(folder, &["revoke", "nobody"], None).await;
    assert!(text(&unknown.stderr).contains("there is no key nobody"));
    works(folder, &["revoke", "ci"], None).await;
    let ended = run(folder, &["revoke", "root"], None).await;
    assert!(ended.status.success());
    assert!(
        text(&ended.stderr).contains("no key left"),
        "{}",
        text(&ended.stderr)
    );
}

#[tokio::test]
async fn nonsense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        ["create", "--name", "a", "--scope", "root"],
        ["create", "--name", "a b", "--scope", "read"],
        ["list", "--server", "https://localhost", "--x", "y"],
        ["create", "--scope", "read", "--expires", "soon"],
    ] {
        let output = run(folder.path(), &arguments, None).await;
        assert!(!output.status.success(), "{arguments:?}");
    }
}
