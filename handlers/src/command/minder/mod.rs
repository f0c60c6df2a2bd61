//! The process that minds one program, so that the program and all it has started end with their
//! attempt, even when the server is killed.
//!
//! The server starts one beside itself for each program, on a socket. On it comes what to run; back
//! goes how the program ended; and when the server's side closes, because the attempt is to stop or
//! because the server is gone, the program is stopped. On Linux the minder is a *child subreaper*
//! (prctl(2), `PR_SET_CHILD_SUBREAPER`): what a program leaves behind becomes the minder's child,
//! whatever session or group it has moved to, so it is found, ended and reaped, and the minder ends
//! once nothing is left. Elsewhere the program's process group is what is reached.

mod descendants;
mod memory;
mod message;

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, wait};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until};

use memory::Memory;
pub(super) use message::{Order, Report, StopSignal};

/// The hidden first argument that makes an executable a minder.
pub const ARGUMENT: &str = "minder";

/// How long to wait, at first and at most, before looking again for what has not ended yet.
const PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// How many looks in a row may find nothing that a signal reaches before the rest is given up: it
/// belongs to another user, or the system does not show it.
const FRUITLESS_LOOKS: u32 = 20;

/// Minds one program: what an executable does, before anything else, when [`ARGUMENT`] is its first
/// argument. It is of no use to people: it takes its order from the server, on standard input.
pub fn main() -> ExitCode {
    match begin() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed, and then nobody wants to know.
            let _ = writeln!(io::stderr(), "program-minder: {error}");
            ExitCode::FAILURE
        }
    }
}

fn begin() -> io::Result<()> {
    let server = server()?;
    let mut line = String::new();
    BufReader::new(&server).read_line(&mut line)?;
    if !line.ends_with('\n') {
        // The server is gone, or thought better of it.
        return Ok(());
    }
    let order: Order = serde_json::from_str(&line)?;
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        // Whoever ends the server by its name should not end what ends its programs.
        rustix::thread::set_name(c"program-minder")?;
    }
    let _held = order.held.as_deref().map(Path::new).map(hold).transpose()?;
    server.set_nonblocking(true)?;
    // From here on the next server waits for this process. Where this one's server is gone already,
    // the next may have looked before.
    match (&server).read(&mut [0]) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        _ => return Ok(()),
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(mind(&order, server))
}

/// The server's end of the socket that is standard input.
fn server() -> io::Result<UnixStream> {
    let server = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    match server.peer_addr() {
        Ok(_) => Ok(server),
        Err(_) => Err(io::Error::other(
            "the server starts this by itself, to run a program",
        )),
    }
}

/// Says, until it is dropped, that a program of this server is not over: [`Leftovers`] waits for it.
///
/// [`Leftovers`]: super::leftovers::Leftovers
fn hold(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    file.lock_shared()?;
    Ok(file)
}

async fn mind(order: &Order, server: UnixStream) -> io::Result<()> {
    let (mut asked, mut reports) = tokio::net::UnixStream::from_std(server)?.into_split();
    // A terminal or a service manager may signal every process it knows of. This one ends when its
    // program has. These are handlers, which a program does not inherit as it would SIG_IGN.
    let _deaf = [
        signal(SignalKind::hangup())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::quit())?,
        signal(SignalKind::terminate())?,
    ];
    let mut children = signal(SignalKind::child())?;
    let memory = Memory::look();
    let leader = match start(order) {
        Ok(leader) => leader,
        Err(error) => {
            let report = Report::not_started(&error);
            return tell(&mut reports, &report).await;
        }
    };
    // The program alone has its pipes now, so that their end is the end of what has them.
    let nothing = File::options().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&nothing)?;
    rustix::stdio::dup2_stderr(&nothing)?;
    // Who does not listen any more is told nothing; the program is ended all the same.
    let _ = tell(&mut reports, &Report::Started(leader.as_raw_nonzero())).await;
    let status = until_ended(leader, order, &mut asked, &mut children).await;
    let report = Report::Ended {
        status,
        out_of_memory: memory.has_run_short(),
    };
    let _ = tell(&mut reports, &report).await;
    end_the_rest(leader, &mut children).await;
    Ok(())
}

/// Starts the program as the leader of a process group.
fn start(order: &Order) -> io::Result<Pid> {
    let mut command = Command::new(&order.program);
    command
        .args(&order.arguments)
        .env_clear()
        .envs(order.environment.iter().map(|(name, value)| (name, value)))
        .stdin(if order.input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .process_group(0);
    if let Some(directory) = &order.directory {
        command.current_dir(directory);
    }
    let mut child = command.spawn()?;
    if let (Some(mut pipe), Some(input)) = (child.stdin.take(), order.input.clone()) {
        // On a thread of its own: the program may never read it. One that has ended does not.
        std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    }
    // It is reaped with all the others.
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::other("the system gave the program no number"))
}

async fn tell(reports: &mut OwnedWriteHalf, report: &Report) -> io::Result<()> {
    let mut line = serde_json::to_vec(report)?;
    line.push(b'\n');
    reports.write_all(&line).await
}

/// Waits for the program's end, and brings it about once the server asks for it or is gone. The
/// status is as wait(2) has it.
async fn until_ended(
    leader: Pid,
    order: &Order,
    asked: &mut OwnedReadHalf,
    children: &mut Signals,
) -> i32 {
    let grace = Duration::from_millis(order.stop_grace_ms);
    let mut grace_ends = None;
    let mut is_killed = false;
    let mut ended = None;
    loop {
        reap(|child, status| {
            if child == leader {
                ended = Some(status);
            }
        });
        if let Some(status) = ended {
            return status;
        }
        tokio::select! {
            _ = children.recv() => {}
            // The server says nothing after its order; what there is to hear is that it closes.
            _ = asked.read_u8(), if grace_ends.is_none() => {
                // Who is gone already needs no signal.
                let _ = kill_process_group(leader, order.stop_signal.0);
                grace_ends = Some(Instant::now() + grace);
            }
            () = until(grace_ends), if !is_killed => {
                is_killed = true;
                let _ = kill_process_group(leader, Signal::KILL);
                // It may have moved to another group.
                let _ = kill_process(leader, Signal::KILL);
            }
        }
    }
}

/// Waits for this moment, or for ever without one.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Ends what the program has left behind, and waits until it has ended.
async fn end_the_rest(leader: Pid, children: &mut Signals) {
    // The system does not give the id to another while the group has a member. When the leader was
    // the last, it could between the wait for it and this call: at once, and only after every other
    // id has had its turn.
    let _ = kill_process_group(leader, Signal::KILL);
    let mut pause = PAUSE;
    let mut fruitless = 0;
    // While nobody is a child, nobody is a child's child.
    while reap(|_, _| ()) && fruitless < FRUITLESS_LOOKS {
        tokio::select! {
            _ = children.recv() => {}
            () = sleep(pause) => {
                pause = LONGEST_PAUSE.min(pause * 2);
                if descendants::kill() {
                    fruitless = 0;
                } else {
                    fruitless += 1;
                }
            }
        }
    }
}

/// Reaps the children that have ended, and tells of each with its status. Whether there are others.
fn reap(mut each: impl FnMut(Pid, i32)) -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((child, status))) => each(child, status.as_raw()),
            Ok(None) => return true,
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}
