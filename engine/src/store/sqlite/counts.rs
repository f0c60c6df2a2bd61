//! The counts of tasks as SQLite keeps them.

use rusqlite::params;

use super::rows::{Stored, code};
use super::statements::Statements;
use crate::store::counts::Counts;

/// Saves what this transaction has changed.
pub(super) fn save(counts: &mut Counts, statements: &mut Statements<'_>) -> rusqlite::Result<()> {
    let mut emptied = false;
    for (queue, kind, state, by) in counts.take_shifts() {
        statements
            .add_count
            .execute(params![queue, kind, code(state), by])?;
        emptied |= by < 0;
    }
    if emptied {
        statements.drop_empty_counts.execute([])?;
        counts.drop_empty();
    }
    Ok(())
}

/// Forgets this transaction and reads what is stored.
pub(super) fn read(counts: &mut Counts, statements: &mut Statements<'_>) -> rusqlite::Result<()> {
    counts.clear();
    let mut rows = statements.all_counts.query([])?;
    while let Some(row) = rows.next()? {
        let Stored(state) = row.get(2)?;
        counts.add_stored(row.get(0)?, row.get(1)?, state, row.get(3)?);
    }
    Ok(())
}
