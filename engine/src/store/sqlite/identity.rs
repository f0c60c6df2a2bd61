//! Whether the database is still the file that was opened, with what was written to it.

use std::fs::{self, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::lock::{FileId, ProcessLock, beside};
use super::{OpenError, sql};

/// Where a database's header counts its changes (<https://sqlite.org/fileformat2.html>).
const CHANGE_COUNTER: u64 = 24;
/// Bytes of the header of a write-ahead log, and of each of its frames.
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// The database file as it was when it was last looked at.
pub(super) struct Identity {
    lock: Arc<ProcessLock>,
    log: Option<FileId>,
    size: u64,
    modified: (i64, i64),
    changes: u32,
}

/// What happened to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Gone {
    /// Nothing has its name.
    #[error("the database file was deleted or moved away")]
    Missing,
    /// Something else has its name.
    #[error("another file was put in the place of the database")]
    Replaced,
    /// It has its name, and lost what it held.
    #[error("the database file was cut or written over")]
    Overwritten,
}

impl Identity {
    /// Of the file that `lock` holds, once SQLite has opened it.
    pub(super) fn of(lock: &Arc<ProcessLock>) -> io::Result<Self> {
        let metadata = lock.database.metadata()?;
        let log = fs::metadata(beside(&lock.path, "-wal")).ok();
        Ok(Self {
            log: log.as_ref().map(FileId::of),
            size: metadata.len(),
            modified: modified(&metadata),
            changes: changes(lock)?,
            lock: Arc::clone(lock),
        })
    }

    /// Looks whether it is still the same. Costs one system call while nothing has changed.
    pub(super) fn check(&mut self) -> Result<(), Gone> {
        let metadata = match fs::metadata(&self.lock.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Gone::Missing),
            // A folder that cannot be looked into says nothing about the file.
            Err(_) => return Ok(()),
        };
        if FileId::of(&metadata) != self.lock.id {
            return Err(Gone::Replaced);
        }
        if (metadata.len(), modified(&metadata)) == (self.size, self.modified) {
            return Ok(());
        }
        // Written to: by a checkpoint, where its changes count on, or by somebody else. A file
        // that became smaller was vacuumed by another program when they do.
        let changes = changes(&self.lock).map_err(|_| Gone::Overwritten)?;
        let shrunk = metadata.len() < self.size;
        if changes < self.changes || (shrunk && changes == self.changes) {
            return Err(Gone::Overwritten);
        }
        self.size = metadata.len();
        self.modified = modified(&metadata);
        self.changes = changes;
        Ok(())
    }

    /// Lets go of a file that is `gone`, so that whatever has its name now is left as it is, and
    /// its log is not taken for that of another file at the next start.
    pub(super) fn leave(&self, gone: Gone, connection: &Connection) {
        let file = self.lock.path.display();
        tracing::error!(%file, "{gone}: nothing more is stored, restart the server when it is mended");
        let quiet = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        if let Err(error) = quiet {
            tracing::error!(%error, "the database may be written to when it is closed");
        }
        let mut whole = false;
        if gone != Gone::Overwritten {
            // The file that was opened still is there, without a name or with another.
            whole = connection
                .query_row(sql::CHECKPOINT, [], |row| row.get::<_, i64>(0))
                .is_ok_and(|busy| busy == 0);
            let (process, number) = (std::process::id(), self.lock.database.as_raw_fd());
            tracing::error!(
                whole,
                "what was stored is in the file that was opened; while this process runs, \
                 /proc/{process}/fd/{number} is that file, and can be copied"
            );
        }
        let log = beside(&self.lock.path, "-wal");
        let ours = fs::metadata(&log).ok().as_ref().map(FileId::of);
        if ours.is_some() && ours == self.log {
            let moved = if whole {
                fs::remove_file(&log)
            } else {
                let aside = beside(&self.lock.path, "-wal-left");
                tracing::error!(log = %aside.display(), "the log of what was stored last is kept here");
                fs::rename(&log, aside)
            };
            // What it shares with its readers goes with it.
            let shared = fs::remove_file(beside(&self.lock.path, "-shm"));
            if let Err(error) = moved.and(shared) {
                tracing::error!(%error, log = %log.display(),
                    "move this log away before another file takes the database's name");
            }
        }
    }
}

fn modified(metadata: &Metadata) -> (i64, i64) {
    (metadata.mtime(), metadata.mtime_nsec())
}

fn changes(lock: &ProcessLock) -> io::Result<u32> {
    let mut counter = [0; 4];
    lock.database.read_exact_at(&mut counter, CHANGE_COUNTER)?;
    Ok(u32::from_be_bytes(counter))
}

/// Refuses a log that does not continue the database it lies beside: SQLite would write it over
/// the database, as when a backup was put in the place of a file that was not closed.
pub(super) fn check_log(lock: &ProcessLock) -> Result<(), OpenError> {
    let path = beside(&lock.path, "-wal");
    let Some(range) = log_changes(&path) else {
        return Ok(());
    };
    match changes(lock) {
        Ok(at) if at.saturating_add(1) >= range.0 && at <= range.1 => Ok(()),
        _ => Err(OpenError::ForeignLog(path)),
    }
}

/// The first and the last count of changes in a log, where it says.
fn log_changes(path: &PathBuf) -> Option<(u32, u32)> {
    let log = fs::File::open(path).ok()?;
    let word = |at| {
        let mut word = [0; 4];
        log.read_exact_at(&mut word, at).ok()?;
        Some(u32::from_be_bytes(word))
    };
    let page = u64::from(word(8)?);
    if !(512..=65_536).contains(&page) {
        return None;
    }
    let salt = (word(16)?, word(20)?);
    let mut found: Option<(u32, u32)> = None;
    let mut frame = LOG_HEADER;
    // Frames of an earlier round have another salt.
    while let Some(number) = word(frame)
        && (word(frame + 8), word(frame + 12)) == (Some(salt.0), Some(salt.1))
    {
        if number == 1 {
            let count = word(frame + FRAME_HEADER + CHANGE_COUNTER)?;
            found = Some((found.map_or(count, |found| found.0), count));
        }
        frame += FRAME_HEADER + page;
    }
    found
}
