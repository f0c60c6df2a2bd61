//! Starting minders, and hearing from them.

use std::ffi::OsString;
use std::io;
use std::num::NonZeroI32;
use std::os::fd::OwnedFd;
use std::os::unix::net;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::minder::{ARGUMENT, Order, Report};
use super::turns::Turn;

/// How long an attempt waits for what its program has left behind. It has been killed by then, and
/// only what waits for a disk or another machine takes longer.
const LEFT_BEHIND: Duration = Duration::from_secs(5);

/// How programs are minded on this node: by which executable, and beside which database.
#[derive(Clone, Debug)]
pub struct Minders {
    executable: PathBuf,
    pub(super) database: Option<PathBuf>,
}

impl Default for Minders {
    /// This executable itself, whose `main` has to call [`minder::main`](super::minder::main) when
    /// its first argument is [`ARGUMENT`].
    fn default() -> Self {
        // On Linux that is the one that runs, though another may have been put into its place.
        let executable = if cfg!(target_os = "linux") {
            PathBuf::from("/proc/self/exe")
        } else {
            // Where the system does not know, starting a program will say so.
            std::env::current_exe().unwrap_or_default()
        };
        Self::by(executable)
    }
}

impl Minders {
    /// An executable whose `main` does the same.
    pub fn by(executable: impl Into<PathBuf>) -> Self {
        Self {
            executable: executable.into(),
            database: None,
        }
    }

    /// Programs of an earlier server on this database, which was killed, have ended before the first
    /// of this one begins: minders and servers lock a file beside it, `<database>.programs`.
    #[must_use]
    pub fn beside(mut self, database: impl Into<PathBuf>) -> Self {
        self.database = Some(database.into());
        self
    }

    /// Starts a minder. It knows nothing yet.
    pub(super) fn start(&self, turn: Option<Turn>) -> io::Result<Minder> {
        let (ours, theirs) = net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let (reports, orders) = UnixStream::from_std(ours)?.into_split();
        // In a group of its own, so that a terminal's signals do not reach it. The end of the socket
        // that it inherits is closed here with the command.
        let mut child = Command::new(&self.executable)
            .arg0("program-minder")
            .arg(ARGUMENT)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        Ok(Minder {
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            orders: Some(orders),
            hearing: Some(Hearing {
                reports: BufReader::new(reports).lines(),
                _child: child,
                _turn: turn,
            }),
            group: None,
            begun: CancellationToken::new(),
        })
    }
}

/// A minder. Dropping it has its program stopped, as [`Minder::stop`] does, and leaves the rest to
/// the minder; until that is over, the task's turn is not given to another attempt.
#[derive(Debug)]
pub(super) struct Minder {
    pub(super) stdout: Option<ChildStdout>,
    pub(super) stderr: Option<ChildStderr>,
    orders: Option<OwnedWriteHalf>,
    hearing: Option<Hearing>,
    /// The program's process group, once it has one.
    group: Option<NonZeroI32>,
    begun: CancellationToken,
}

#[derive(Debug)]
struct Hearing {
    reports: Lines<BufReader<OwnedReadHalf>>,
    /// Reaped by the runtime when it ends, and not killed when it is dropped.
    _child: Child,
    _turn: Option<Turn>,
}

/// How a program fared.
#[derive(Debug)]
pub(super) enum Fate {
    /// It could not be started.
    NotStarted(io::Error),
    /// It has ended, with this status as wait(2) has it.
    Ended {
        status: i32,
        out_of_memory: Option<bool>,
    },
    /// The minder was told to stop before it had begun.
    NotBegun,
}

impl Minder {
    /// Says what to run.
    pub(super) async fn order(&mut self, order: &Order) -> io::Result<()> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        match &mut self.orders {
            Some(orders) => orders.write_all(&line).await,
            None => Ok(()),
        }
    }

    /// Is cancelled once the program's process group is known here.
    pub(super) fn begun(&self) -> CancellationToken {
        self.begun.clone()
    }

    /// Has the program stopped: with its stop signal, and killed once its grace is over.
    pub(super) fn stop(&mut self) {
        // Closing says it all.
        self.orders = None;
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.orders.is_none()
    }

    /// Waits until the program has ended or could not be started. Cancel safe.
    pub(super) async fn fate(&mut self) -> io::Result<Fate> {
        let Some(hearing) = &mut self.hearing else {
            return Ok(Fate::NotBegun);
        };
        loop {
            let Some(line) = hearing.reports.next_line().await? else {
                if self.orders.is_none() && self.group.is_none() {
                    return Ok(Fate::NotBegun);
                }
                // Nobody is left to end the program but this process, as far as it can.
                if let Some(group) = self.group.and_then(|it| Pid::from_raw(it.get())) {
                    let _ = kill_process_group(group, Signal::KILL);
                }
                return Err(io::Error::other("the process that minds it was killed"));
            };
            match serde_json::from_str(&line)? {
                Report::Started(group) => {
                    self.group = Some(group);
                    self.begun.cancel();
                }
                Report::NotStarted(number, words) => {
                    let error = number.map(io::Error::from_raw_os_error);
                    let error = error.unwrap_or_else(|| io::Error::other(words));
                    return Ok(Fate::NotStarted(error));
                }
                Report::Ended {
                    status,
                    out_of_memory,
                } => {
                    self.group = None;
                    return Ok(Fate::Ended {
                        status,
                        out_of_memory,
                    });
                }
            }
        }
    }

    /// Waits until nothing is left of the program and of what it has started, within reason.
    pub(super) async fn rest(&mut self) {
        if let Some(hearing) = &mut self.hearing
            && timeout(LEFT_BEHIND, hearing.end()).await.is_ok()
        {
            self.hearing = None;
        }
    }
}

impl Hearing {
    /// Waits for the minder's end. Cancel safe.
    async fn end(&mut self) {
        while let Ok(Some(_)) = self.reports.next_line().await {}
    }
}

impl Drop for Minder {
    fn drop(&mut self) {
        self.stop();
        if let (Some(mut hearing), Ok(runtime)) = (self.hearing.take(), Handle::try_current()) {
            runtime.spawn(async move { hearing.end().await });
        }
    }
}

/// The file that minders beside this database hold, whatever way its path is written.
pub(super) fn held_beside(database: &Path) -> io::Result<PathBuf> {
    let mut path: OsString = std::fs::canonicalize(database)?.into();
    path.push(".programs");
    Ok(path.into())
}
