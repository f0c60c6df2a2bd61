//! The processes that are measured: the real binary, and the least that axum can do.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// The word that makes this program the bare server.
pub(crate) const HELLO: &str = "bare-axum-hello";

/// The kernel's unit of processor time.
const TICK: Duration = Duration::from_millis(10);

/// What the bare server reads of a task.
#[derive(Deserialize)]
struct NewTask {
    kind: String,
    payload: Value,
}

/// A server in a process of its own. It is killed when this is dropped.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

impl Peer {
    /// The release binary with a new database.
    pub(crate) async fn glassworks(binary: &Path) -> Self {
        // It is started in a folder of its own.
        let mut command = Command::new(std::path::absolute(binary).unwrap());
        command.args(["--listen", "127.0.0.1:0", "--database", "sqlite:bench.db"]);
        Self::start(command).await
    }

    /// The release binary with a new database and a file of this `configuration`.
    pub(crate) async fn configured(binary: &Path, configuration: &str) -> Self {
        let mut command = Command::new(std::path::absolute(binary).unwrap());
        command.args(["--listen", "127.0.0.1:0", "--database", "sqlite:bench.db"]);
        command.args(["--config", "bench.toml"]);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("bench.toml"), configuration).unwrap();
        Self::start_in(folder, command).await
    }

    /// axum with one route and nothing around it.
    pub(crate) async fn bare_axum() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(HELLO);
        Self::start(command).await
    }

    /// Starts a process whose first line ends with its address.
    async fn start(command: Command) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), command).await
    }

    async fn start_in(folder: TempDir, mut command: Command) -> Self {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GLASSWORKS_") {
                command.env_remove(name);
            }
        }
        let mut process = command
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        let (_, address) = line.rsplit_once("http://").unwrap();
        let address = address.parse().unwrap();
        // Whoever writes to a pipe that nobody reads would stop.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            address,
            process,
            _folder: folder,
        }
    }

    /// The processor time that it has taken so far.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = self.read("stat");
        // The second field is the program's name, in parentheses.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks: u32 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|field| field.parse::<u32>().unwrap())
            .sum();
        TICK * ticks
    }

    /// The memory that it holds.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    /// The most that it has held since [`forget_peak`](Self::forget_peak).
    pub(crate) fn peak_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    /// Lets the peak begin anew (`proc_pid_clear_refs(5)`).
    pub(crate) fn forget_peak(&self) {
        let process = self.process.id().unwrap();
        std::fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
    }

    fn status_kib(&self, field: &str) -> u64 {
        self.read("status")
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
            .unwrap()
    }

    fn read(&self, file: &str) -> String {
        let process = self.process.id().unwrap();
        std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap()
    }
}

/// Serves one greeting, and takes in a task and says what it is.
pub(crate) async fn hello() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("bare axum on http://{}", listener.local_addr().unwrap());
    let greet = async || {
        Json(json!({
            "message": "Hello from the async server!",
            "time": "2026-11-24T12:00:00.000Z",
        }))
    };
    let take = async |Json(task): Json<NewTask>| {
        let answer = json!({
            "id": "019ab0f5-2f5c-7cc1-9d2a-4b7d3c1e8f60", "kind": task.kind, "queue": "default",
            "state": "scheduled", "payload": task.payload, "priority": 5, "tags": [], "attempt": 0,
            "max_attempts": 5, "timeout_ms": 900_000, "run_at": "2026-11-24T12:00:00.000Z",
            "created_at": "2026-11-24T12:00:00.000Z", "started_at": null, "finished_at": null,
            "progress": null, "result": null, "error": null, "errors": [],
            "cancel_requested": false, "unique_key": null, "schedule_id": null, "node": null,
            "traceparent": null, "last_seq": 1,
        });
        (StatusCode::ACCEPTED, Json(answer))
    };
    let router = Router::new()
        .route("/api/hello", get(greet))
        .route("/api/tasks", post(take));
    axum::serve(listener, router).await.unwrap();
}
