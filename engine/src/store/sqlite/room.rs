//! Room on the disk that is kept for what must go on when the disk is full.
//!
//! A file of some size lies beside the database. When a commit finds the disk full, the file is
//! given up: ends, cancels and deletes then have room, and what would only bring more waits until
//! there is as much room again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::lock::beside;
use super::sql;

/// How much is kept, in bytes: the ends of thousands of tasks.
const KEPT_BYTES: u64 = 16 * 1024 * 1024;
/// How often a full disk is looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The room that is kept beside a database.
#[derive(Debug)]
pub(super) struct Room {
    path: PathBuf,
    /// What is written to try whether there is room.
    scratch: PathBuf,
    /// When the disk was last seen to be full; `None` while it is not.
    full: Option<Instant>,
    /// The same for whoever is not on the writer's thread.
    told: IsFull,
}

/// Whether the disk is full. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct IsFull(Arc<AtomicBool>);

impl IsFull {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Room {
    /// Beside this database. Nothing is done yet.
    pub(super) fn beside(database: &Path) -> Self {
        Self {
            path: beside(database, "-reserve"),
            scratch: beside(database, "-reserve-try"),
            full: None,
            told: IsFull::default(),
        }
    }

    /// What tells others whether the disk is full.
    pub(super) fn told(&self) -> IsFull {
        self.told.clone()
    }

    /// Keeps room, as far as there is some: a disk that is nearly full is not refused for that.
    pub(super) fn keep(&self) {
        if let Err(error) = self.allocate() {
            tracing::warn!(
                %error, bytes = KEPT_BYTES, file = %self.path.display(),
                "no room can be kept for a full disk: deleting may fail when it is full"
            );
        }
    }

    /// Whether the disk is full.
    pub(super) fn is_full(&self) -> bool {
        self.full.is_some()
    }

    /// A commit has found the disk full: gives up what was kept.
    pub(super) fn give_up(&mut self) {
        if self.full.is_none() {
            tracing::error!(
                "the disk is full: nothing more is accepted or started until there is room; \
                 tasks can be cancelled and deleted"
            );
        }
        self.full = Some(Instant::now());
        self.told.0.store(true, Ordering::Relaxed);
        self.let_go();
    }

    /// A write to the disk failed, and SQLite does not say of what: whether it is full for this
    /// user, as with a quota.
    pub(super) fn has_none_left(&self) -> bool {
        let written = File::create(&self.scratch).and_then(|mut file| {
            file.write_all(&vec![0; 64 * 1024])
                .and_then(|()| file.sync_data())
        });
        // What cannot be removed was not made.
        let _ = fs::remove_file(&self.scratch);
        written.is_err_and(|error| is_full(&error))
    }

    /// Looks now and then whether a full disk has room again: as much as is kept, on the disk or in
    /// the database itself, where tasks have been deleted.
    pub(super) fn look(&mut self, connection: &Connection) {
        if self.full.is_none_or(|at| at.elapsed() < LOOK_EVERY) {
            return;
        }
        self.full = Some(Instant::now());
        let has_room = self.allocate().is_ok() || {
            self.let_go();
            free_bytes(connection).is_ok_and(|bytes| bytes >= KEPT_BYTES)
        };
        if has_room {
            tracing::info!("there is room on the disk again");
            self.full = None;
            self.told.0.store(false, Ordering::Relaxed);
        }
    }

    fn let_go(&self) {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!(%error, file = %self.path.display(), "the room that was kept is not given up");
            }
            _ => {}
        }
    }

    fn allocate(&self) -> io::Result<()> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.path)?;
        if file.metadata()?.len() >= KEPT_BYTES {
            return Ok(());
        }
        allocate(file)
    }
}

/// Bytes of the database that hold nothing.
fn free_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row(sql::FREE_BYTES, [], |row| row.get(0))
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

#[cfg(target_os = "linux")]
fn allocate(file: File) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    match fallocate(&file, FallocateFlags::empty(), 0, KEPT_BYTES) {
        // Not every file system can.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => fill(file),
        allocated => Ok(allocated?),
    }
}

#[cfg(not(target_os = "linux"))]
fn allocate(file: File) -> io::Result<()> {
    fill(file)
}

fn fill(mut file: File) -> io::Result<()> {
    let zeros = vec![0; 1024 * 1024];
    for _ in 0..KEPT_BYTES / zeros.len() as u64 {
        file.write_all(&zeros)?;
    }
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::{KEPT_BYTES, LOOK_EVERY, Room};
    use rusqlite::Connection;
    use std::time::Instant;

    #[test]
    fn what_is_kept_is_given_up_once_and_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open_in_memory().unwrap();
        let mut room = Room::beside(&folder.path().join("tasks.db"));
        let kept = || {
            let file = std::fs::metadata(folder.path().join("tasks.db-reserve"));
            file.ok().map(|file| file.len())
        };
        room.keep();
        assert_eq!(kept(), Some(KEPT_BYTES));
        room.give_up();
        assert_eq!(kept(), None);
        room.look(&connection);
        assert!(room.is_full(), "it has only just been looked at");
        room.full = Instant::now().checked_sub(LOOK_EVERY);
        room.look(&connection);
        assert!(!room.is_full());
        assert_eq!(kept(), Some(KEPT_BYTES));
    }

    #[test]
    fn a_disk_with_room_is_not_taken_for_full() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::beside(&folder.path().join("tasks.db"));
        let somebodys = folder.path().join("tasks.probe");
        std::fs::write(&somebodys, "theirs").unwrap();
        assert!(!room.has_none_left());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(std::fs::read(&somebodys).unwrap(), b"theirs");
    }
}
