//! The real binary, to be signalled and killed.

use std::borrow::BorrowMut;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::Client;
use super::waits::within;

/// A running `glassworks`. It is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: std::net::SocketAddr,
}

/// The address that lets the system choose a port.
pub(crate) const ANY_PORT: &str = "127.0.0.1:0";
/// The database, unless a test says otherwise.
const DATABASE: &str = "tasks.db";

/// The binary with a database in `directory`, to listen on `address`.
pub(crate) fn command(directory: &Path, address: &str) -> Command {
    let binary = Command::new(env!("CARGO_BIN_EXE_glassworks"));
    with_options(binary, directory, address, DATABASE)
}

/// The binary with the database of that name in `directory`.
pub(crate) fn command_on(directory: &Path, database: &str) -> Command {
    let binary = Command::new(env!("CARGO_BIN_EXE_glassworks"));
    with_options(binary, directory, ANY_PORT, database)
}

/// The same started by `wrapper`, which runs what its last arguments are.
pub(crate) fn command_in(mut wrapper: Command, directory: &Path) -> Command {
    wrapper.arg(env!("CARGO_BIN_EXE_glassworks"));
    with_options(wrapper, directory, ANY_PORT, DATABASE)
}

fn with_options(mut command: Command, directory: &Path, address: &str, database: &str) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GLASSWORKS_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(directory)
        .args(["--listen", address])
        .args(["--database", &format!("sqlite:{database}")])
        .env_remove("LEPTOS_SITE_ROOT")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

impl Process {
    /// Starts it and waits until it says where it is.
    pub(crate) async fn start(directory: &Path) -> Self {
        Self::spawn(command(directory, ANY_PORT)).await
    }

    /// As [`start`](Self::start), with a command of its own.
    pub(crate) async fn spawn(mut command: impl BorrowMut<Command>) -> Self {
        let mut child = command.borrow_mut().spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = within("a process to say where it is", lines.next_line()).await;
        let line = line.unwrap().unwrap();
        let address = line
            .strip_prefix("Glassworks 0.1.0 running on http://")
            .unwrap_or_else(|| panic!("it should say where it is: {line}"));
        let address = address.parse().unwrap();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, address }
    }

    pub(crate) fn client(&self) -> Client {
        Client(self.address)
    }

    /// Sends SIGTERM.
    pub(crate) async fn terminate(&self) {
        let process = self.child.id().unwrap();
        let kill = format!("kill -TERM {process}");
        let mut shell = Command::new("sh");
        let status = shell.args(["-c", &kill]).status();
        let status = within("SIGTERM to be sent", status).await;
        assert!(status.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        within("the end of a process", self.child.wait())
            .await
            .unwrap()
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        within("the end of a killed process", self.child.kill())
            .await
            .unwrap();
    }
}

/// Runs a command that is expected to fail, and returns what it says about it.
pub(crate) async fn refusal(mut command: Command) -> String {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut stderr = child.stderr.take().unwrap();
    let failing = async {
        stderr.read_to_string(&mut said).await.unwrap();
        child.wait().await.unwrap()
    };
    let status = within("a process to refuse to start", failing).await;
    assert!(!status.success(), "it should have failed: {said}");
    said
}
