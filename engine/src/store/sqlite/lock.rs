//! One process per database file.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::OpenError;

/// An advisory lock beside the database file, held while this value lives.
///
/// SQLite's own locks let two processes share a file; here the second would take the first
/// one's running tasks for lost. The operating system gives the lock back when the process ends,
/// however it ends, so a file that was left behind means nothing.
#[derive(Debug)]
pub(super) struct ProcessLock {
    _file: File,
}

impl ProcessLock {
    /// Takes the lock for `database`, or says that another process has it.
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        let path = beside(database);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| OpenError::Unreachable(describe(&error, &path)))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked),
            Err(TryLockError::Error(error)) => Err(OpenError::Unreachable(describe(&error, &path))),
        }
    }
}

fn beside(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push("-lock");
    PathBuf::from(name)
}

fn describe(error: &io::Error, path: &Path) -> String {
    format!("{}: {error}", path.display())
}
