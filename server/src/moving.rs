//! `glassworks export` and `glassworks import`: everything, from one database to another.
//!
//! What is moved goes to a file, or through a pipe, and what is said to a person to the standard error.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, IsTerminal as _, Seek as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use glassworks_engine::Database;
use glassworks_engine::moving::{self, Moved, Progress};

/// The name that stands for the standard input or output.
const STANDARD: &str = "-";
/// How often a person is told how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(1);
const MIB: u64 = 1024 * 1024;

/// Writes everything that is in `database` to `file`, which is there when all of it is.
pub(crate) fn export(file: &Path, database: &Database) -> Result<(), Box<dyn Error>> {
    let mut telling = Telling::start();
    let mut told = |progress| telling.progress("exported", progress);
    if file == Path::new(STANDARD) {
        let moved = moving::export(database, &mut io::stdout().lock(), &mut told)?;
        telling.done("Exported", &moved);
        return Ok(());
    }
    if file.exists() {
        return Err(format!(
            "{} is there already, and is not written over",
            file.display()
        )
        .into());
    }
    let part = part_of(file);
    let written = write_part(&part, |out| Ok(moving::export(database, out, &mut told)?));
    let moved = match written {
        Ok(moved) => moved,
        Err(error) => {
            // It was said why; a beginning is good for nothing.
            let _ = fs::remove_file(&part);
            return Err(error);
        }
    };
    fs::rename(&part, file)?;
    telling.done("Exported", &moved);
    Ok(())
}

/// Where `file` is written until it is whole.
fn part_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Writes a file that nobody but its owner can read, since it has everything in it, and waits for the
/// disk.
fn write_part(
    part: &Path,
    write: impl FnOnce(&mut File) -> Result<Moved, Box<dyn Error>>,
) -> Result<Moved, Box<dyn Error>> {
    let unwritten = |error| format!("{} cannot be written: {error}", part.display());
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut out = options.open(part).map_err(unwritten)?;
    let moved = write(&mut out)?;
    out.sync_all().map_err(unwritten)?;
    Ok(moved)
}

/// Takes everything that is in `file` into `database`. A file is looked through first, so that one that
/// is not whole changes nothing; what comes through a pipe is known to be whole only at its end.
pub(crate) fn import(file: &Path, database: &Database) -> Result<(), Box<dyn Error>> {
    let mut telling = Telling::start();
    let moved = if file == Path::new(STANDARD) {
        let mut told = |progress| telling.progress("imported", progress);
        moving::import(database, &mut io::stdin().lock(), &mut told)?
    } else {
        let unread = |error| format!("{} cannot be read: {error}", file.display());
        let input = File::open(file).map_err(unread)?;
        let is_file = input.metadata().map_err(unread)?.is_file();
        let mut input = BufReader::with_capacity(256 * 1024, input);
        if is_file {
            let mut told = |progress| telling.progress("looked at", progress);
            moving::check(&mut input, &mut told)?;
            input.rewind().map_err(unread)?;
        }
        let mut told = |progress| telling.progress("imported", progress);
        moving::import(database, &mut input, &mut told)?
    };
    telling.done("Imported", &moved);
    Ok(())
}

/// Says how far it is, to a person who watches.
struct Telling {
    started: Instant,
    last: Instant,
    is_watched: bool,
}

impl Telling {
    fn start() -> Self {
        let now = Instant::now();
        Self {
            started: now,
            last: now,
            is_watched: io::stderr().is_terminal(),
        }
    }

    fn progress(&mut self, done: &str, progress: Progress) {
        if !self.is_watched || self.last.elapsed() < TOLD_EVERY {
            return;
        }
        self.last = Instant::now();
        let Progress { lines, bytes, of } = progress;
        let of = if of.is_empty() {
            String::new()
        } else {
            format!(", now lines `{of}`")
        };
        say(&format!("{done}: {lines} lines, {} MiB{of}", bytes / MIB));
    }

    fn done(&self, done: &str, moved: &Moved) {
        let tasks = moved.counts.get("task").copied().unwrap_or(0);
        say(&format!(
            "{done} {tasks} tasks in {} lines and {} MiB, in {:.1} s (export {}).",
            moved.counts.values().sum::<u64>() + 2,
            moved.bytes / MIB,
            self.started.elapsed().as_secs_f64(),
            moved.export,
        ));
    }
}

/// Says something to the person, who may have closed the standard error.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
