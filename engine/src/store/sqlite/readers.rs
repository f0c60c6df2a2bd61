//! A few connections for reading, used from the blocking pool.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::store::{StoreError, StoreFailure};

/// As many reads at a time. They compete for two or more cores with the writer, which must win.
const READERS: usize = 4;

/// The page cache of each, in KiB. It grows only as it is used.
const READER_CACHE_KIB: i32 = 4 * 1024;

/// A few connections for reading.
pub(super) struct Readers {
    /// One permit for each connection in `idle`.
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connections = (0..READERS)
            .map(|_| {
                let connection = Connection::open_with_flags(
                    path,
                    OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
                )?;
                connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
                connection.set_prepared_statement_cache_capacity(64);
                Ok(connection)
            })
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Self {
            permits: Arc::new(Semaphore::new(READERS)),
            idle: Arc::new(Mutex::new(connections)),
        })
    }

    /// Runs `query` on the blocking pool, in one read transaction: it sees one commit throughout.
    ///
    /// Cancel safe: a query whose caller went away runs to its end and is forgotten.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|error| StoreError::new(StoreFailure::Failed, error.to_string()))?;
        let idle = Arc::clone(&self.idle);
        let task = tokio::task::spawn_blocking(move || {
            let connection = lock(&idle).pop().ok_or_else(|| {
                StoreError::new(StoreFailure::Failed, "no reading connection is left")
            })?;
            let answer = in_transaction(&connection, query);
            lock(&idle).push(connection);
            // Given back here and not by the caller, who may have gone away meanwhile.
            drop(permit);
            answer.map_err(StoreError::from)
        });
        task.await
            .map_err(|error| StoreError::new(StoreFailure::Failed, error.to_string()))?
    }
}

fn in_transaction<T>(
    connection: &Connection,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    // Rolled back when dropped: there is nothing to commit.
    let _transaction = connection.unchecked_transaction()?;
    query(connection)
}

fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    // Push and pop leave the list whole, whoever panicked in between.
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
