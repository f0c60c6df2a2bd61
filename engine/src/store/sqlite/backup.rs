//! A copy of a database that a server may be working on, and a look whether one is sound.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::lock::beside;
use super::{OpenError, reachable, schema, sql, wal};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something by the name that the copy is to have.
    #[error("{} exists already: a backup writes over nothing", .0.display())]
    Exists(PathBuf),
    /// What the copy is written to until it is whole is there already.
    #[error(
        "{} is there: another backup is being made, or one was broken off and left it; then remove it",
        .0.display()
    )]
    UnderWay(PathBuf),
    /// A file could not be made, written or named.
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, io::Error),
    /// The copy is not sound: the database is damaged, or the disk is.
    #[error("the copy is damaged ({0}), as the database may be: look with `glassworks check`")]
    Damaged(String),
    /// The database could not be read.
    #[error(transparent)]
    Database(#[from] OpenError),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

/// What a look at a database has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// How many tasks it has.
    pub tasks: u64,
    /// What is wrong with it, in SQLite's words or ours; twenty things at most.
    pub faults: Vec<String>,
}

/// Writes all of `database` as it is at one moment to `copy`, and returns how many tasks that has. A
/// server can go on working meanwhile; its log grows for as long as this takes. The copy is a
/// database of its own, as small as can be, with the permissions of the first.
///
/// The copy has its name only when it is whole, was looked through, and is on the disk: until then
/// it has another, which ends in `.part`. Blocks for as long as it takes to read and write the
/// database.
///
/// See `VACUUM INTO` (<https://sqlite.org/lang_vacuum.html#vacuuminto>).
pub fn back_up(database: &Path, copy: &Path) -> Result<u64, BackupError> {
    if fs::symlink_metadata(copy).is_ok() {
        return Err(BackupError::Exists(copy.to_owned()));
    }
    let connection = open(database)?;
    let part = Part::beside(copy, database)?;
    let name = part.0.as_os_str().to_str().ok_or_else(|| {
        let error = io::Error::other("SQLite takes names in UTF-8 only");
        BackupError::File(part.0.clone(), error)
    })?;
    connection.execute(sql::COPY_INTO, [name])?;
    let copied = open(&part.0)?;
    let damage: String = copied.query_row(sql::QUICK_CHECK, [], |row| row.get(0))?;
    if damage != "ok" {
        return Err(BackupError::Damaged(damage));
    }
    let tasks = copied.query_row(sql::COUNT_TASKS, [], |row| row.get(0))?;
    drop(copied);
    part.keep(copy)?;
    Ok(tasks)
}

/// Looks through all of `database`, which may be a server's that is at work: its pages, its indexes,
/// and whether the counts that lists go by are right. Blocks for as long as it takes to read it.
///
/// # Errors
///
/// When it cannot be opened, or is not a database of ours. Damage is no error, but what was asked
/// for.
pub fn check(database: &Path) -> Result<Inspection, OpenError> {
    let mut connection = open(database)?;
    // All questions are about one moment.
    let moment = connection.transaction()?;
    inspect(&moment).or_else(|error| match super::failure_of(&error) {
        super::StoreFailure::Damaged => Ok(Inspection {
            tasks: 0,
            faults: vec![error.to_string()],
        }),
        _ => Err(error.into()),
    })
}

fn inspect(connection: &Connection) -> rusqlite::Result<Inspection> {
    let mut statement = connection.prepare(sql::INTEGRITY_CHECK)?;
    let found = statement.query_map([], |row| row.get(0))?;
    let mut faults: Vec<String> = found.collect::<Result<_, _>>()?;
    faults.retain(|fault| fault != "ok");
    let tasks = connection.query_row(sql::COUNT_TASKS, [], |row| row.get(0))?;
    let miscounted: u64 = connection.query_row(sql::MISCOUNTED, [], |row| row.get(0))?;
    if miscounted > 0 {
        faults.push(format!(
            "the tasks of {miscounted} combinations of queue, kind and state are counted wrong"
        ));
    }
    Ok(Inspection { tasks, faults })
}

/// Opens a database that another process may have, to read it as it is.
fn open(database: &Path) -> Result<Connection, OpenError> {
    if let Err(error) = fs::metadata(database) {
        let what = format!("{}: {error}", database.display());
        return Err(OpenError::Unreachable(what));
    }
    // Reading a log takes a file beside it, which nobody may have made yet; a file that must not be
    // written is opened for reading all the same.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(database, flags).map_err(|error| reachable(error, database))?;
    connection.busy_timeout(wal::BUSY)?;
    // The log is left as it was found: it is the server's.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    schema::recognise(&connection).map_err(|error| match error {
        OpenError::Sqlite(error) => reachable(error, database),
        error => error,
    })?;
    Ok(connection)
}

/// A copy that is being written. It is removed unless it is kept.
struct Part(PathBuf);

impl Part {
    /// An empty file that only those may read who may read `database`.
    fn beside(copy: &Path, database: &Path) -> Result<Self, BackupError> {
        let path = beside(copy, ".part");
        let mode = fs::metadata(database)
            .map_err(|error| BackupError::File(database.to_owned(), error))?
            .permissions()
            .mode();
        let created = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode & 0o777)
            .open(&path);
        match created {
            Ok(_) => Ok(Self(path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(BackupError::UnderWay(path))
            }
            Err(error) => Err(BackupError::File(path, error)),
        }
    }

    /// Gives it its name, once the disk has it.
    fn keep(self, copy: &Path) -> Result<(), BackupError> {
        let folder = match copy.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(&self.0)
            .and_then(|part| part.sync_all())
            .and_then(|()| fs::rename(&self.0, copy))
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(|error| BackupError::File(copy.to_owned(), error))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Gone already when it was kept; and what cannot be removed is named by the next backup.
        let _ = fs::remove_file(&self.0);
    }
}
