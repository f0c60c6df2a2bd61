//! Looking for damaged pages after the start, beside the work: damage is better told then than at
//! the first submit that meets it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;
use super::sql;
use crate::store::{StoreError, StoreFailure};

/// How long it looks. What it reads keeps the log from beginning anew, and the disk busy.
const LOOKS_FOR: Duration = Duration::from_secs(5);
/// Steps of SQLite's machine between two looks at the time.
const STEPS: i32 = 10_000;

/// The thread that looks. It ends when this is dropped.
pub(super) struct Soundness {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Soundness {
    /// Begins to look through the file at `path`, as far as it comes in five seconds, and notes
    /// what it finds.
    pub(super) fn check(path: &Path, fault: Fault) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let stopped = Arc::clone(&stop);
        let path = path.to_owned();
        let thread = thread::Builder::new()
            .name("check-database".to_owned())
            .spawn(move || {
                let error = match look(&path, stopped) {
                    Ok(None) => return,
                    Ok(Some(what)) => StoreError::new(StoreFailure::Damaged, what),
                    Err(error) => error.into(),
                };
                fault.note(&error);
            });
        Self {
            stop,
            // A machine without a thread to spare is told of damage by those who meet it.
            thread: thread.ok(),
        }
    }
}

impl Drop for Soundness {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has nothing to say any more.
            let _ = thread.join();
        }
    }
}

/// The first damage that is found in time.
fn look(path: &Path, stop: Arc<AtomicBool>) -> rusqlite::Result<Option<String>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    let deadline = Instant::now() + LOOKS_FOR;
    connection.progress_handler(
        STEPS,
        Some(move || stop.load(Ordering::Relaxed) || Instant::now() >= deadline),
    )?;
    let found: String = connection.query_row(sql::QUICK_CHECK, [], |row| row.get(0))?;
    Ok((found != "ok").then_some(found))
}
