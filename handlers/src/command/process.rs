//! One run of a program: its output as it comes, and its end, its own or ours.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use glassworks_engine::Run;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::group::Group;
use super::lines::{Lines, Said};

/// How long a program has to end after SIGTERM. The engine aborts an attempt after 5 s by default:
/// the rest is for reading what the program still says.
const GRACE: Duration = Duration::from_secs(3);
/// How long an open pipe may be silent once the program has ended.
const SILENCE: Duration = Duration::from_millis(500);
/// How much is read then: as much as a pipe can hold (Linux, `pipe-max-size`).
const MOST_AFTER_END: usize = 1024 * 1024;
/// How much of the end of standard error is kept, in bytes.
const TAIL: usize = 2 * 1024;

/// How a run of a program ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// It ended because it was asked to.
    pub(super) was_stopped: bool,
    pub(super) stdout: Stream,
    pub(super) stderr: Stream,
}

/// What has come through a pipe.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) bytes: u64,
    /// Its end.
    pub(super) tail: String,
}

/// Runs `command` to its end. An error when it cannot be started.
///
/// When the attempt is asked to stop, the program and all it has started get SIGTERM, and SIGKILL
/// when that does not help. Dropping the future kills them at once.
pub(super) async fn run(mut command: Command, run: &Run) -> io::Result<Ended> {
    let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
    let group = Group::led_by(&child);
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let ended = CancellationToken::new();
    let watching = async {
        let outcome = watch(&mut child, group, run).await;
        ended.cancel();
        outcome
    };
    // Both pipes at the same time: a program that fills the one nobody reads would stand still.
    let (outcome, stdout, stderr) = tokio::join!(
        watching,
        read(stdout, &ended, run),
        read(stderr, &ended, run),
    );
    let (status, was_stopped) = outcome?;
    Ok(Ended {
        status,
        was_stopped,
        stdout,
        stderr,
    })
}

/// Waits for the program's end, and ends what it has left behind.
async fn watch(
    child: &mut Child,
    group: Option<Group>,
    run: &Run,
) -> io::Result<(ExitStatus, bool)> {
    tokio::select! {
        biased;
        status = child.wait() => {
            drop(group);
            return Ok((status?, false));
        }
        () = run.cancelled() => {}
    }
    if let Some(group) = &group {
        group.terminate();
    }
    if let Ok(status) = timeout(GRACE, child.wait()).await {
        drop(group);
        return Ok((status?, true));
    }
    drop(group);
    Ok((child.wait().await?, true))
}

/// Reads a pipe to its end, and shows what comes.
///
/// A process that has left the group may hold the pipe open for as long as it likes. So once the
/// program has ended, only what is in the pipe is read.
async fn read(
    pipe: Option<impl AsyncRead + Unpin>,
    ended: &CancellationToken,
    run: &Run,
) -> Stream {
    let mut stream = Stream::default();
    let Some(mut pipe) = pipe else { return stream };
    let mut lines = Lines::default();
    let mut buffer = vec![0; 16 * 1024];
    let mut after_end = 0;
    while after_end < MOST_AFTER_END {
        let silence = async {
            ended.cancelled().await;
            sleep(SILENCE).await;
        };
        let length = tokio::select! {
            biased;
            length = pipe.read(&mut buffer) => length.unwrap_or(0),
            () = silence => 0,
        };
        if length == 0 {
            break;
        }
        if ended.is_cancelled() {
            after_end += length;
        }
        stream.bytes += length as u64;
        show(lines.next(&buffer[..length]), &mut stream, run).await;
    }
    show(lines.end(), &mut stream, run).await;
    stream
}

async fn show(said: Vec<Said>, stream: &mut Stream, run: &Run) {
    for said in said {
        match said {
            Said::Text(text) => {
                stream.keep(&text);
                run.print(text).await;
            }
            Said::Progress(fraction, message) => run.progress(fraction, message).await,
        }
    }
}

impl Stream {
    fn keep(&mut self, text: &str) {
        self.tail.push_str(text);
        if self.tail.len() > 2 * TAIL {
            let start = self.tail.ceil_char_boundary(self.tail.len() - TAIL);
            self.tail.drain(..start);
        }
    }
}
