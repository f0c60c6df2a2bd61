//! One process per database file.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use parking_lot::Mutex;

use super::OpenError;

/// The database files that this process has open. Asked before a file is opened a second time:
/// closing any descriptor of a file gives up all of SQLite's own locks on it in this process
/// (POSIX, `fcntl`).
static OPEN: Mutex<Vec<FileId>> = Mutex::new(Vec::new());

/// A file whatever its name is: its device and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

impl FileId {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self(metadata.dev(), metadata.ino())
    }
}

/// An advisory lock on the database file, held while this value lives.
///
/// SQLite's own locks let two processes share a file; here the second would take the first
/// one's running tasks for lost. It is the file that is locked and not its name, so neither a
/// symbolic nor a hard link leads around it. On Linux `flock` and the locks of SQLite (`fcntl`)
/// know nothing of each other; where they do, the file beside it is locked, by the name that all
/// symbolic links lead to, and hard links are not seen. The operating system gives the lock back
/// when the process ends, however it ends.
///
/// To be dropped after every connection to the file.
#[derive(Debug)]
pub(super) struct ProcessLock {
    /// The database itself, for as long as it is locked.
    pub(super) database: File,
    /// Its name without symbolic links.
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    #[cfg(not(target_os = "linux"))]
    _beside: File,
}

impl ProcessLock {
    /// Takes the lock for `path`, making the file when it is not there, or says that another
    /// process has it.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let mut open = OPEN.lock();
        let unreachable = |error| OpenError::Unreachable(describe(&error, path));
        if let Ok(metadata) = fs::metadata(path) {
            if open.contains(&FileId::of(&metadata)) {
                return Err(OpenError::Locked);
            }
            if !metadata.is_file() {
                let what = format!("{} is not a file", path.display());
                return Err(OpenError::Unreachable(what));
            }
        }
        let database = open_or_create(path).map_err(unreachable)?;
        let path = fs::canonicalize(path).map_err(unreachable)?;
        #[cfg(target_os = "linux")]
        try_lock(&database, &path)?;
        #[cfg(not(target_os = "linux"))]
        let beside = lock_beside(&path)?;
        let metadata = database.metadata().map_err(unreachable)?;
        if metadata.nlink() > 1 {
            tracing::warn!(
                file = %path.display(),
                "the database has more than one name (hard links): always start it by the same one, \
                 since SQLite keeps its log beside the name it was opened by"
            );
        }
        let id = FileId::of(&metadata);
        open.push(id);
        Ok(Self {
            database,
            path,
            id,
            #[cfg(not(target_os = "linux"))]
            _beside: beside,
        })
    }
}

impl Drop for ProcessLock {
    fn drop(&mut self) {
        OPEN.lock().retain(|id| *id != self.id);
    }
}

fn open_or_create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
}

fn try_lock(file: &File, path: &Path) -> Result<(), OpenError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => OpenError::Locked,
        TryLockError::Error(error) => OpenError::Unreachable(describe(&error, path)),
    })
}

#[cfg(not(target_os = "linux"))]
fn lock_beside(path: &Path) -> Result<File, OpenError> {
    let path = beside(path, "-lock");
    let file =
        open_or_create(&path).map_err(|error| OpenError::Unreachable(describe(&error, &path)))?;
    try_lock(&file, &path)?;
    Ok(file)
}

/// The file beside `database` whose name ends with `suffix`.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn describe(error: &io::Error, path: &Path) -> String {
    format!("{}: {error}", path.display())
}
