//! Bringing a database file to the present schema. Migrations only go forward.

use rusqlite::Connection;

use super::OpenError;

/// The migrations, oldest first. One that has been released is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_tasks.sql"),
    include_str!("migrations/0002_queues.sql"),
    include_str!("migrations/0003_schedules.sql"),
    include_str!("migrations/0004_requests.sql"),
    include_str!("migrations/0005_kinds.sql"),
    include_str!("migrations/0006_lists.sql"),
    include_str!("migrations/0007_logs.sql"),
];

/// Says in the file's header whose it is ("GLAS"), see `PRAGMA application_id`.
const APPLICATION_ID: i64 = 0x474c_4153;

/// Brings the database to the present schema.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let owner = pragma(connection, "application_id")?;
    let version = pragma(connection, "user_version")?;
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if owner != APPLICATION_ID && (owner != 0 || version != 0 || !is_empty(connection)?) {
        return Err(OpenError::Foreign);
    }
    if version > MIGRATIONS.len() {
        return Err(OpenError::TooNew);
    }
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", index + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}
