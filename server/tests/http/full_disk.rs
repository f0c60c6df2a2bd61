//! A disk that is full, for real: a small file system of its own, in a mount namespace.

use std::process::Stdio;
use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::support::Client;
use crate::support::process::{Process, command_in};

/// Gives the process a file system of 64 MiB in `$1` that nobody else sees, and then runs the rest.
const SMALL_DISK: &str =
    "mount -t tmpfs -o size=64m small \"$1\" && cd \"$1\" && shift && exec \"$@\"";

/// How long something may take that should happen soon.
const SOON: Duration = Duration::from_mins(1);

/// Whether this system lets its user have a mount namespace. Some do not, and there is nothing to
/// be tried then.
async fn has_namespaces() -> bool {
    let tried = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "true"])
        .stderr(Stdio::null())
        .status()
        .await;
    tried.is_ok_and(|status| status.success())
}

async fn becomes(client: Client, path: &str, status: StatusCode) {
    let waiting = async {
        while client.get(path).await.status != status {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = timeout(SOON, waiting).await;
    waited.unwrap_or_else(|_| panic!("{path} should become {status}"));
}

#[tokio::test]
async fn a_full_disk_is_told_and_tasks_can_be_deleted_until_it_has_room() {
    if !has_namespaces().await {
        // Said, so that nobody takes it for proved.
        eprintln!("not tried: this system has no mount namespaces for its users");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let arguments = [
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        SMALL_DISK,
        "sh",
    ];
    let mut wrapped = Command::new("unshare");
    wrapped.args(arguments).arg(directory.path());
    let process = Process::spawn(command_in(wrapped, directory.path())).await;
    let client = process.client();
    becomes(client, "/readyz", StatusCode::OK).await;

    let task = json!({
        "kind": "http",
        "payload": {"method": "POST", "url": "http://example.com/", "body": "x".repeat(200_000)},
        "delay_ms": 86_400_000,
    });
    let batch = json!({"tasks": vec![&task; 20]});
    let refused = async {
        loop {
            let answer = client.post("/api/tasks/batch", &batch).await;
            if answer.status != StatusCode::ACCEPTED {
                break answer;
            }
        }
    };
    let refused = timeout(SOON, refused).await.expect("the disk becomes full");
    let retry = refused.headers["retry-after"].clone();
    assert!(retry.to_str().unwrap().parse::<u32>().unwrap() > 0);
    let problem = refused.problem(503, "/api/tasks/batch");
    assert_eq!(problem["code"], "store_unavailable");
    becomes(client, "/readyz", StatusCode::SERVICE_UNAVAILABLE).await;
    let small = json!({"kind": "sleep", "payload": {"seconds": 0}});
    client
        .post("/api/tasks", &small)
        .await
        .problem(503, "/api/tasks");

    // What there is can be stopped and forgotten, and what then comes has its room.
    for action in ["cancel", "delete"] {
        let all = json!({"action": action, "filter": {"kind": "http"}});
        let answer = client.post("/api/tasks/bulk", &all).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let changed = answer.json()["changed"].as_u64().unwrap();
        assert!(changed > 40, "{action}: {changed}");
    }
    becomes(client, "/readyz", StatusCode::OK).await;
    let id = client.submit(json!({"seconds": 0})).await;
    assert_eq!(client.finished(&id).await["state"], "completed");
}
