//! Programs of an earlier server on the same database, which was killed: their minders are ending
//! them, and no attempt is made again beside them.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

use super::minders::held_beside;
use super::program::LONGEST_GRACE;

/// How long to wait for them: as long as a program may take to stop, and then to be killed.
const LONGEST_WAIT: Duration = LONGEST_GRACE.saturating_add(Duration::from_secs(10));
const PAUSE: Duration = Duration::from_millis(20);

/// What an earlier server may have left.
#[derive(Debug)]
pub(super) struct Leftovers {
    database: Option<PathBuf>,
    /// The file that minders hold, once everything of the earlier server is gone.
    held: OnceCell<Option<OsString>>,
}

impl Leftovers {
    /// Of an earlier server on this database; of none without one.
    pub(super) fn beside(database: Option<PathBuf>) -> Self {
        Self {
            database,
            held: OnceCell::new(),
        }
    }

    /// Waits, once, until all of it is gone. The file for minders to hold from then on. Cancel safe:
    /// who else waits goes on with it.
    pub(super) async fn gone(&self) -> Option<OsString> {
        let held = self.held.get_or_init(|| async {
            let database = self.database.as_deref()?;
            match wait(database).await {
                Ok(held) => Some(held.into()),
                Err(error) => {
                    let database = database.display();
                    tracing::warn!(%database, %error,
                        "cannot tell whether programs of an earlier server are still running");
                    None
                }
            }
        });
        held.await.clone()
    }
}

async fn wait(database: &Path) -> io::Result<PathBuf> {
    let path = held_beside(database)?;
    // Minders only read it, and it stays empty.
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(path),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if began.elapsed() > LONGEST_WAIT => {
                tracing::warn!(
                    "programs of an earlier server have not ended after {LONGEST_WAIT:?}, although they were killed; going on beside them"
                );
                return Ok(path);
            }
            Err(TryLockError::WouldBlock) => sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use futures::FutureExt as _;

    use super::Leftovers;

    #[tokio::test]
    async fn it_waits_until_nobody_holds_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("tasks.db");
        File::create(&database).unwrap();
        let leftovers = Leftovers::beside(Some(database));
        let held = leftovers.gone().await.unwrap();

        let minder = File::open(&held).unwrap();
        minder.lock_shared().unwrap();
        let link = directory.path().join("link.db");
        std::os::unix::fs::symlink("tasks.db", &link).unwrap();
        let next = Leftovers::beside(Some(link));
        let mut waiting = Box::pin(next.gone());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(minder);
        assert_eq!(waiting.await, Some(held));
    }

    #[tokio::test]
    async fn without_a_database_there_is_nothing_to_wait_for() {
        assert_eq!(Leftovers::beside(None).gone().await, None);
    }
}
