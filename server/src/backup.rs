//! `glassworks backup` and `glassworks check`: a copy of the database, and whether one is sound.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;

use glassworks_engine::Database;
use glassworks_engine::store::sqlite;

/// Copies the database, which a server may be working on, to `copy`.
pub(crate) fn back_up(database: &Database, copy: &Path) -> Result<(), Box<dyn Error>> {
    let tasks = sqlite::back_up(file(database)?, copy)?;
    writeln!(io::stdout(), "{}: {tasks} tasks", copy.display())?;
    Ok(())
}

/// Looks through the database, or through `copy`, and says what is wrong.
pub(crate) fn check(database: &Database, copy: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let file = match copy {
        Some(copy) => copy,
        None => file(database)?,
    };
    let found = sqlite::check(file).map_err(|error| format!("{}: {error}", file.display()))?;
    if found.faults.is_empty() {
        writeln!(
            io::stdout(),
            "{}: sound, {} tasks",
            file.display(),
            found.tasks
        )?;
        return Ok(());
    }
    for fault in &found.faults {
        writeln!(io::stdout(), "{fault}")?;
    }
    Err(format!("{} is damaged", file.display()).into())
}

fn file(database: &Database) -> Result<&Path, &'static str> {
    match database {
        Database::Sqlite(file) => Ok(file),
        Database::Postgres(_) => Err(
            "PostgreSQL is backed up and checked by its own tools, such as pg_dump and pg_amcheck",
        ),
    }
}
