//! One run of a program: its output as it comes, and its end, its own or ours.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use glassworks_engine::Run;
use glassworks_protocol::{JsonText, OutputStream};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::lines::{Lines, Said};
use super::minder::Order;
use super::minders::{Fate, Minder};

/// How long the beginning of a line is held back for its rest.
const PARTIAL_LINE: Duration = Duration::from_millis(100);
/// How long an open pipe may be silent once the program has ended.
const SILENCE: Duration = Duration::from_millis(500);
/// How much is read then: as much as a pipe can hold (Linux, `pipe-max-size`).
const MOST_AFTER_END: usize = 1024 * 1024;
/// How much of the end of standard error is kept, in bytes.
const TAIL: usize = 2 * 1024;

/// The attempt that a program is run for.
pub trait Owner: Sync {
    /// Whether a line `::result {...}` is the attempt's result, and no output.
    const TAKES_RESULTS: bool;

    /// The program has printed something. It is not read from until this is done.
    fn print(&self, stream: OutputStream, text: String) -> impl Future<Output = ()> + Send;

    /// The program has said how far it is.
    fn progress(&self, fraction: f64, message: String) -> impl Future<Output = ()> + Send;

    /// The program has said its result; the last one counts.
    fn result(&self, result: JsonText);

    /// Waits until the attempt is asked to stop. Cancel safe.
    fn cancelled(&self) -> impl Future<Output = ()> + Send;
}

impl Owner for Run {
    const TAKES_RESULTS: bool = false;

    async fn print(&self, stream: OutputStream, text: String) {
        match stream {
            OutputStream::Stdout => Self::print(self, text).await,
            OutputStream::Stderr => self.print_err(text).await,
        }
    }

    async fn progress(&self, fraction: f64, message: String) {
        Self::progress(self, fraction, message).await;
    }

    fn result(&self, _: JsonText) {}

    async fn cancelled(&self) {
        Self::cancelled(self).await;
    }
}

/// How a run of a program ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// Whether the system ended processes meanwhile because it was short of memory, where it says.
    pub(super) out_of_memory: Option<bool>,
    pub(super) stdout: Stream,
    pub(super) stderr: Stream,
}

/// Why there is no end to tell of.
#[derive(Debug)]
pub(super) enum Failure {
    /// The program cannot be started.
    NotStarted(io::Error),
    /// The process that minds it cannot be started, or was killed.
    NotMinded(io::Error),
    /// It ended because the attempt was asked to stop.
    Stopped,
}

/// What has come through a pipe.
#[derive(Debug)]
pub(super) struct Stream {
    of: OutputStream,
    pub(super) bytes: u64,
    /// Its end.
    pub(super) tail: String,
}

/// Has `minder` run a program to its end.
///
/// When the attempt is asked to stop, or the future is dropped, the program and all it has started
/// get its stop signal, and SIGKILL when that does not help.
pub(super) async fn run(
    mut minder: Minder,
    order: &Order,
    run: &impl Owner,
) -> Result<Ended, Failure> {
    let stdout = minder.stdout.take();
    let stderr = minder.stderr.take();
    let begun = minder.begun();
    let ended = CancellationToken::new();
    let watching = async {
        let fate = watch(&mut minder, order, run).await;
        // It was not, where there is a fate before.
        begun.cancel();
        minder.rest().await;
        ended.cancel();
        fate
    };
    // What has printed is known by its group: whoever sees the output and kills the minder leaves
    // somebody who can end the program.
    let reading = async {
        begun.cancelled().await;
        // Both pipes at the same time: a program that fills the one nobody reads would stand still.
        tokio::join!(
            read(stdout, OutputStream::Stdout, &ended, run),
            read(stderr, OutputStream::Stderr, &ended, run),
        )
    };
    let (fate, (stdout, stderr)) = tokio::join!(watching, reading);
    match fate.map_err(Failure::NotMinded)? {
        Fate::NotStarted(error) => Err(Failure::NotStarted(error)),
        _ if minder.is_stopping() => Err(Failure::Stopped),
        Fate::NotBegun => Err(Failure::Stopped),
        Fate::Ended {
            status,
            out_of_memory,
        } => Ok(Ended {
            status: ExitStatus::from_raw(status),
            out_of_memory,
            stdout,
            stderr,
        }),
    }
}

/// Gives the order, and waits for the program's end.
async fn watch(minder: &mut Minder, order: &Order, run: &impl Owner) -> io::Result<Fate> {
    minder.order(order).await?;
    tokio::select! {
        biased;
        fate = minder.fate() => return fate,
        () = run.cancelled() => {}
    }
    minder.stop();
    minder.fate().await
}

/// Reads a pipe to its end, and shows what comes.
///
/// A process that nobody could end may hold the pipe open for as long as it likes. So once the
/// program has ended, only what is in the pipe is read.
async fn read<O: Owner>(
    pipe: Option<impl AsyncRead + Unpin>,
    of: OutputStream,
    ended: &CancellationToken,
    run: &O,
) -> Stream {
    let mut stream = Stream::new(of);
    let Some(mut pipe) = pipe else { return stream };
    let mut lines = Lines::default();
    if O::TAKES_RESULTS && of == OutputStream::Stdout {
        lines.take_results();
    }
    let mut buffer = vec![0; 16 * 1024];
    let mut after_end = 0;
    let mut shown_by = None;
    while after_end < MOST_AFTER_END {
        let silence = async {
            ended.cancelled().await;
            sleep(SILENCE).await;
        };
        let length = tokio::select! {
            biased;
            () = sleep_until(shown_by.unwrap_or_else(Instant::now)), if shown_by.is_some() => {
                shown_by = None;
                show(lines.begun(), &mut stream, run).await;
                continue;
            }
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
        let piece = &buffer[..length];
        show(lines.next(piece), &mut stream, run).await;
        let since_before = shown_by.filter(|_| !piece.contains(&b'\n'));
        shown_by = lines
            .has_begun()
            .then(|| since_before.unwrap_or_else(|| Instant::now() + PARTIAL_LINE));
    }
    show(lines.end(), &mut stream, run).await;
    stream
}

async fn show(said: Vec<Said>, stream: &mut Stream, run: &impl Owner) {
    for said in said {
        match said {
            Said::Text(text) => {
                stream.keep(&text);
                run.print(stream.of, text).await;
            }
            Said::Result(result) => run.result(result),
            Said::Progress(fraction, message) => run.progress(fraction, message).await,
        }
    }
}

impl Stream {
    fn new(of: OutputStream) -> Self {
        Self {
            of,
            bytes: 0,
            tail: String::new(),
        }
    }

    fn keep(&mut self, text: &str) {
        self.tail.push_str(text);
        if self.tail.len() > 2 * TAIL {
            let start = self.tail.ceil_char_boundary(self.tail.len() - TAIL);
            self.tail.drain(..start);
        }
    }
}
