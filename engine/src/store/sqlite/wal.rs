//! Keeping the write-ahead log small. SQLite empties it when a commit finds that no reader needs it
//! any more; where no commit follows, this does.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::lock::beside;
use super::sql;

/// What the log may keep of the disk once it begins anew, in bytes: twice what it grows to while no
/// reader holds it.
pub(super) const KEPT_BYTES: u64 = 32 * 1024 * 1024;
/// From this size on somebody should look who holds it.
const LARGE_BYTES: u64 = 256 * 1024 * 1024;
/// How long a commit waits for another process that holds the database.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// The log of one database.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// The size from which on it is told again that it is large.
    tell_at: u64,
}

impl Log {
    pub(super) fn of(database: &Path) -> Self {
        Self {
            path: beside(database, "-wal"),
            tell_at: LARGE_BYTES,
        }
    }

    /// Empties a log that is larger than it should be, if no reader needs it; says so of one that
    /// grows on.
    pub(super) fn tend(&mut self, connection: &Connection) {
        if self.bytes() <= KEPT_BYTES {
            self.tell_at = LARGE_BYTES;
            return;
        }
        // Nobody is waited for: the next look is soon.
        let emptied = connection
            .busy_timeout(Duration::ZERO)
            .and_then(|()| connection.query_row(sql::CHECKPOINT, [], |_| Ok(())));
        if let Err(error) = emptied.and(connection.busy_timeout(BUSY)) {
            tracing::warn!(%error, "the log of the database could not be emptied");
        }
        let bytes = self.bytes();
        if bytes >= self.tell_at {
            self.tell_at = bytes.saturating_mul(2);
            tracing::warn!(
                bytes, log = %self.path.display(),
                "the log of the database cannot be emptied: something has been reading for long, \
                 such as a backup or a shell with an open transaction"
            );
        }
    }

    fn bytes(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |log| log.len())
    }
}
