//! A SQLite file as a whole, for moving everything that is in it.

use std::path::Path;
use std::sync::Arc;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params_from_iter};
use uuid::Uuid;

use super::lock::ProcessLock;
use super::rows::json;
use super::{OpenError, Opened, connect, schema, sql};
use crate::store::whole::catalogue::{self, Column, IMPORT, Kind, TABLES, Table};
use crate::store::whole::{Taker, Value, Whole, WholeError};

/// A file that no engine has, since it is locked.
pub(crate) struct SqliteWhole {
    connection: Connection,
    /// Given back after the connection is closed.
    _lock: Arc<ProcessLock>,
}

/// Whether an import into it was begun and not finished.
pub(super) fn is_half_imported(connection: &Connection) -> rusqlite::Result<bool> {
    connection.table_exists(None, IMPORT)
}

impl SqliteWhole {
    /// Opens the file, making it when it is not there, and brings it to the present schema.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let Opened {
            connection, lock, ..
        } = connect(path)?;
        Ok(Self {
            connection,
            _lock: lock,
        })
    }

    /// Refuses a schema that is not the one of the catalogue.
    fn compare(&self) -> Result<(), WholeError> {
        let mut statement = self.connection.prepare(sql::ALL_COLUMNS)?;
        let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut found = Vec::new();
        for column in columns {
            let (table, column): (String, String) = column?;
            match (column.as_str(), TABLES.iter().find(|it| it.name == table)) {
                // The number by which the other tables know a task.
                ("row", Some(known)) if known.of_tasks => found.push((table, "task".to_owned())),
                ("row", Some(known)) if known.name == "tasks" => {}
                _ => found.push((table, column)),
            }
        }
        catalogue::compare(&found).map_err(WholeError::Unknown)
    }
}

impl Whole for SqliteWhole {
    fn sort(&self) -> (&'static str, usize) {
        ("sqlite", schema::version())
    }

    fn read(&mut self, each: Taker<'_>) -> Result<(), WholeError> {
        self.compare()?;
        let moment = self.connection.transaction()?;
        for table in TABLES {
            let mut statement = moment.prepare(&selection(table))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let values = values(table, row)?;
                each(table, &values)?;
            }
        }
        Ok(())
    }

    fn progress(&mut self) -> Result<Option<String>, WholeError> {
        if !is_half_imported(&self.connection)? {
            return Ok(None);
        }
        let progress = self
            .connection
            .query_row(sql::IMPORT_PROGRESS, [], |row| row.get(0));
        Ok(Some(progress?))
    }

    fn begin(&mut self, progress: &str) -> Result<(), WholeError> {
        self.compare()?;
        let beginning = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for table in TABLES {
            let any = format!("SELECT 1 FROM {} LIMIT 1", table.name);
            if beginning.prepare(&any)?.exists([])? {
                return Err(WholeError::NotEmpty(table.name));
            }
        }
        beginning.execute_batch(sql::MAKE_IMPORT)?;
        beginning.execute(sql::BEGIN_IMPORT, [progress])?;
        beginning.commit()?;
        Ok(())
    }

    fn take(
        &mut self,
        table: &'static Table,
        rows: &[Vec<Value<'static>>],
        from: &str,
        to: &str,
    ) -> Result<(), WholeError> {
        let taking = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        if taking.execute(sql::MOVE_IMPORT, [from, to])? == 0 {
            return Err(WholeError::Twice);
        }
        let mut insert = taking.prepare_cached(&insertion(table))?;
        for row in rows {
            if insert.execute(params_from_iter(row))? == 0 {
                return Err(orphan(table, row.first()));
            }
        }
        drop(insert);
        taking.commit()?;
        Ok(())
    }

    fn finish(&mut self, from: &str) -> Result<(), WholeError> {
        let finishing = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        if finishing.execute(sql::MOVE_IMPORT, [from, from])? == 0 {
            return Err(WholeError::Twice);
        }
        let bodiless: Option<Vec<u8>> = finishing
            .query_row(sql::TASK_WITHOUT_BODY, [], |row| row.get(0))
            .optional()?;
        if let Some(id) = bodiless.and_then(|id| Uuid::from_slice(&id).ok()) {
            let what = format!("the task {id} has no body");
            return Err(WholeError::Incoherent(what));
        }
        finishing.execute_batch(sql::RECOUNT)?;
        finishing.execute_batch(sql::END_IMPORT)?;
        finishing.commit()?;
        Ok(())
    }
}

/// Says that a row is of a task that is not there.
fn orphan(table: &Table, task: Option<&Value<'_>>) -> WholeError {
    let what = match task {
        Some(Value::Id(id)) => format!("there is no task {id}, and a line `{}` of it", table.line),
        _ => format!("a line `{}` could not be stored", table.line),
    };
    WholeError::Incoherent(what)
}

/// Reads the columns of `table` in the order of its key. Tasks are read by the index of their ids,
/// and what is theirs is looked up for each, so that nothing has to be sorted.
fn selection(table: &Table) -> String {
    if !table.of_tasks {
        let (columns, order) = (table.names(), table.order());
        return format!("SELECT {columns} FROM {} ORDER BY {order}", table.name);
    }
    let others: Vec<String> = table.columns[1..]
        .iter()
        .map(|column| format!("own.{}", column.name))
        .collect();
    let mut order = "t.id".to_owned();
    for column in &table.columns[1..table.key] {
        order.push_str(", own.");
        order.push_str(column.name);
    }
    format!(
        "SELECT t.id, {} FROM tasks t CROSS JOIN {} own ON own.row = t.row ORDER BY {order}",
        others.join(", "),
        table.name
    )
}

/// Stores a row of `table`; nothing when it is of a task that is not there.
fn insertion(table: &Table) -> String {
    let places = |from: usize| -> Vec<String> {
        (from..=table.columns.len())
            .map(|place| format!("?{place}"))
            .collect()
    };
    if !table.of_tasks {
        return format!(
            "INSERT INTO {} ({}) VALUES ({})",
            table.name,
            table.names(),
            places(1).join(", ")
        );
    }
    let others: Vec<&str> = table.columns[1..]
        .iter()
        .map(|column| column.name)
        .collect();
    format!(
        "INSERT INTO {} (row, {}) SELECT row, {} FROM tasks WHERE id = ?1",
        table.name,
        others.join(", "),
        places(2).join(", ")
    )
}

fn values<'r>(table: &Table, row: &'r Row<'_>) -> rusqlite::Result<Vec<Value<'r>>> {
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(index, column)| value(column, index, row.get_ref(index)?))
        .collect()
}

fn value<'r>(column: &Column, index: usize, stored: ValueRef<'r>) -> rusqlite::Result<Value<'r>> {
    let unfit =
        || rusqlite::Error::InvalidColumnType(index, column.name.to_owned(), stored.data_type());
    let value = match (column.kind, stored) {
        (_, ValueRef::Null) => Value::Null,
        (Kind::Small | Kind::Int | Kind::Long | Kind::State, ValueRef::Integer(number)) => {
            Value::Number(number)
        }
        (Kind::Flag, ValueRef::Integer(number)) => Value::Flag(number != 0),
        (Kind::Real, ValueRef::Real(real)) => Value::Real(real),
        (Kind::Text | Kind::Name | Kind::Json, ValueRef::Text(text)) => {
            Value::Text(std::str::from_utf8(text).map_err(|_| unfit())?.into())
        }
        (Kind::Texts, ValueRef::Text(text)) => {
            Value::Texts(serde_json::from_slice(text).map_err(|_| unfit())?)
        }
        (Kind::Id, ValueRef::Blob(bytes)) => {
            Value::Id(Uuid::from_slice(bytes).map_err(|_| unfit())?)
        }
        (Kind::Ids, ValueRef::Blob(bytes)) => {
            let (ids, _) = bytes.as_chunks::<16>();
            Value::Ids(ids.iter().copied().map(Uuid::from_bytes).collect())
        }
        (Kind::Bytes, ValueRef::Blob(bytes)) => Value::Bytes(bytes.into()),
        _ => return Err(unfit()),
    };
    Ok(value)
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Number(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Self::Real(real) => ToSqlOutput::Borrowed(ValueRef::Real(*real)),
            Self::Flag(flag) => ToSqlOutput::Borrowed(ValueRef::Integer((*flag).into())),
            Self::Id(id) => ToSqlOutput::Borrowed(ValueRef::Blob(id.as_bytes())),
            Self::Ids(ids) => {
                let bytes: Vec<u8> = ids.iter().flat_map(|id| id.into_bytes()).collect();
                bytes.into()
            }
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Texts(texts) => json(texts)?.into(),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

impl From<rusqlite::Error> for WholeError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
