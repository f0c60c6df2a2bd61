//! What a process asked of the disk, as `strace` saw it.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Tells a test that it is the process to be watched: the folder to work in.
const WATCHED: &str = "GLASSWORKS_WATCHED_IN";

/// One system call. The places are lines of the trace: where it began, and where it had ended.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) kind: Kind,
    pub(crate) began: usize,
    pub(crate) ended: usize,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Kind {
    /// Bytes for the write-ahead log, as strace prints them.
    WalWrite(String),
    /// The write-ahead log was brought to the disk.
    WalSync,
    /// Some other file or folder was.
    OtherSync,
    /// The process said something, by [`say`].
    Said(String),
}

/// Whether this process is the one that is watched, and if so, where it works.
pub(crate) fn watched_in() -> Option<std::path::PathBuf> {
    std::env::var_os(WATCHED).map(Into::into)
}

/// Says something in the trace, in one system call.
pub(crate) fn say(folder: &Path, what: &str) {
    use std::io::Write;
    let mut said = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(folder.join("said"))
        .unwrap();
    said.write_all(what.as_bytes()).unwrap();
}

/// Runs the test of this name again, in a process of its own under `strace`, and gives its calls
/// in the order in which they ended.
///
/// A thread is held while strace writes a line about it. So when one thread's sync leads to
/// another's word, the lines stand in that order.
pub(crate) fn watch(test: &str) -> Vec<Call> {
    let folder = TempDir::new().unwrap();
    let trace = folder.path().join("trace");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-y", "-s", "10000", "-o"])
        .arg(&trace)
        .args(["-e", "trace=write,pwrite64,pwritev,writev,fsync,fdatasync"])
        .args(["-e", "signal=none"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(WATCHED, folder.path())
        .output()
        .expect("this test needs strace: `scripts/setup test` installs it");
    assert!(
        output.status.success(),
        "the watched process failed:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let trace = fs::read(trace).unwrap();
    let calls = read(&String::from_utf8_lossy(&trace));
    let wrote = calls
        .iter()
        .any(|call| matches!(call.kind, Kind::WalWrite(_)));
    assert!(wrote, "the trace shows no write to the log at all");
    calls
}

/// Reads lines such as `12 fdatasync(5</tmp/x/tasks.db-wal>) = 0`. A call that others came
/// between stands in two: `12 fdatasync(5</tmp/x> <unfinished ...>` and
/// `12 <... fdatasync resumed>) = 0`.
fn read(trace: &str) -> Vec<Call> {
    let mut unfinished: Vec<(String, usize, String)> = Vec::new();
    let mut calls = Vec::new();
    for (line, text) in trace.lines().enumerate() {
        let (thread, text) = text.split_once(' ').unwrap();
        let text = text.trim_start();
        let (began, text) = if let Some(start) = text.strip_suffix(" <unfinished ...>") {
            unfinished.push((thread.to_owned(), line, start.to_owned()));
            continue;
        } else if text.starts_with("<... ") {
            let place = unfinished.iter().position(|(other, ..)| other == thread);
            let (_, began, start) = unfinished.remove(place.unwrap());
            let rest = text.split_once(" resumed>").unwrap().1;
            (began, start + rest)
        } else {
            (line, text.to_owned())
        };
        if let Some(kind) = kind(&text) {
            calls.push(Call {
                kind,
                began,
                ended: line,
            });
        }
    }
    calls
}

/// What a call was about, where that matters. It has succeeded.
fn kind(call: &str) -> Option<Kind> {
    let (name, rest) = call.split_once('(')?;
    let (file, rest) = rest.split_once('<')?.1.split_once('>')?;
    let answer = rest.rsplit_once(" = ")?.1;
    let of_log = file.ends_with("/tasks.db-wal");
    match name {
        "fsync" | "fdatasync" => {
            assert_eq!(answer, "0", "a sync failed: {call}");
            Some(if of_log {
                Kind::WalSync
            } else {
                Kind::OtherSync
            })
        }
        _ if of_log => Some(Kind::WalWrite(rest.to_owned())),
        _ if file.ends_with("/said") => {
            let text = rest.split('"').nth(1)?;
            Some(Kind::Said(text.to_owned()))
        }
        _ => None,
    }
}
