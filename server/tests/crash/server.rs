//! The server's process, and what it left on the disk.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rusqlite::Connection;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// A start takes less, on any machine that can run this at all.
const START_LIMIT: Duration = Duration::from_mins(1);

const DATABASE: &str = "tasks.db";
const LOG: &str = "server.log";

/// A server on loopback whose database is in a directory. It is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    directory: PathBuf,
}

impl Server {
    /// Starts the process; it is not ready yet.
    pub(crate) fn start(directory: &Path) -> Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(directory.join(LOG))?;
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GLASSWORKS_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        let mut child = command
            .current_dir(directory)
            .args(["--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(["--database", &format!("sqlite:{DATABASE}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("the server cannot be started")?;
        let stdout = child.stdout.take().context("it has no standard output")?;
        Ok(Self {
            child,
            said: BufReader::new(stdout).lines(),
            directory: directory.to_owned(),
        })
    }

    /// Waits until it says where it serves.
    pub(crate) async fn ready(&mut self) -> Result<SocketAddr> {
        let line = timeout(START_LIMIT, self.said.next_line())
            .await
            .with_context(|| format!("the server was not ready after {START_LIMIT:?}"))??;
        let address = line
            .as_deref()
            .and_then(|line| line.split_once(" running on http://"))
            .and_then(|(_, address)| address.parse().ok());
        match address {
            Some(address) => Ok(address),
            None => bail!(
                "the server did not start, and said {line:?}; {}",
                self.log()
            ),
        }
    }

    /// `kill -9`. That it ran until then is checked.
    pub(crate) async fn kill(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the server ended by itself, with {status}; {}", self.log());
        }
        self.child.kill().await?;
        Ok(())
    }

    fn log(&self) -> String {
        let log = fs::read_to_string(self.directory.join(LOG)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(20)..];
        format!("the end of its log:\n{}", last.join("\n"))
    }
}

fn binary() -> PathBuf {
    let named = std::env::var_os("GLASSWORKS_BINARY");
    named.map_or_else(|| env!("CARGO_BIN_EXE_glassworks").into(), Into::into)
}

/// Checks what a killed process left: the database, as it would be recovered, and its log.
///
/// A copy of the database is looked at, so that the recovery is left for the next process.
pub(crate) fn check_remains(directory: &Path) -> Result<()> {
    let copies = directory.join("copy");
    fs::create_dir_all(&copies)?;
    for name in [DATABASE.to_owned(), format!("{DATABASE}-wal")] {
        let (from, to) = (directory.join(&name), copies.join(&name));
        if from.exists() {
            fs::copy(from, to)?;
        }
    }
    let verdict = integrity(&copies.join(DATABASE));
    fs::remove_dir_all(&copies)?;
    let verdict = verdict.context("the database cannot be read")?;
    ensure!(verdict == ["ok"], "the database is corrupt: {verdict:#?}");
    let log = fs::read_to_string(directory.join(LOG))?;
    let complaint = log
        .lines()
        .find(|line| line.contains(r#""level":"ERROR""#) || line.contains("panicked at"));
    match complaint {
        Some(line) => bail!("the server's log complains: {line}"),
        None => Ok(()),
    }
}

fn integrity(database: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open(database)?;
    let mut check = connection.prepare("PRAGMA integrity_check")?;
    let verdict = check.query_map([], |row| row.get(0))?;
    verdict.collect()
}
