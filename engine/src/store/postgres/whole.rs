//! A PostgreSQL database as a whole, for moving everything that is in it.

use std::pin::pin;

use bytes::BytesMut;
use futures::TryStreamExt;
use glassworks_protocol::Timestamp;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, Row};
use uuid::Uuid;

use super::address::Address;
use super::connect::{Connected, Endpoint};
use super::meeting::SEEN_WITHIN_MS;
use super::statements::NoStatements;
use super::text::{escaped, unescaped};
use super::{OpenError, rows, schema, sql};
use crate::store::StoreError;
use crate::store::whole::catalogue::{self, Column, Kind, TABLES, Table};
use crate::store::whole::{Present, Taker, Value, Whole, WholeError};

/// A database on which no node runs. It has one connection, which goes on while it is asked.
pub(crate) struct PostgresWhole {
    connected: Connected<NoStatements>,
    /// Ends after the connection.
    runtime: Runtime,
}

/// Whether an import into it was begun and not finished.
pub(super) async fn is_half_imported(client: &Client) -> Result<bool, Error> {
    client.query_one(sql::HAS_IMPORT, &[]).await?.try_get(0)
}

impl PostgresWhole {
    /// Opens the database and brings it to the present schema. One that has none is made only to be
    /// `filled`.
    pub(crate) fn open(address: Address, filled: bool) -> Result<Self, OpenError> {
        let unable = |error: std::io::Error| OpenError::Unreachable(error.to_string());
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(unable)?;
        let connected = runtime.block_on(async {
            let endpoint = Endpoint::new(address).await?;
            let mut connected: Connected<NoStatements> =
                endpoint.connect(sql::SESSION_OF_WHOLE, None).await?;
            schema::check(&connected.client).await?;
            let known = connected.client.query_one(sql::HAS_VERSIONS, &[]).await?;
            if !filled && !known.try_get(1)? {
                return Err(OpenError::Empty);
            }
            schema::migrate(&mut connected).await?;
            Ok(connected)
        })?;
        Ok(Self { connected, runtime })
    }
}

/// Refuses a schema that is not the one of the catalogue.
async fn compare(client: &Client) -> Result<(), WholeError> {
    let columns = client.query(sql::ALL_COLUMNS, &[]).await?;
    let columns = columns
        .iter()
        .map(|row| Ok((rows::get(row, 0)?, rows::get(row, 1)?)));
    let found: Vec<(String, String)> = columns.collect::<Result<_, StoreError>>()?;
    catalogue::compare(&found).map_err(WholeError::Unknown)
}

/// Refuses a database that a node uses, or used until just now.
async fn is_unused(client: &Client) -> Result<(), WholeError> {
    let Some(node) = client
        .query_opt(sql::LATEST_NODE, &[&SEEN_WITHIN_MS])
        .await?
    else {
        return Ok(());
    };
    Err(WholeError::InUse(Present {
        name: rows::get(&node, 0)?,
        seen_at: Timestamp::from_millis(rows::get(&node, 1)?),
    }))
}

impl Whole for PostgresWhole {
    fn sort(&self) -> (&'static str, usize) {
        ("postgres", schema::version())
    }

    fn read(&mut self, each: Taker<'_>) -> Result<(), WholeError> {
        let client = &self.connected.client;
        self.runtime.block_on(async {
            client.batch_execute(sql::BEGIN_READING).await?;
            client.batch_execute(sql::UNSORTED).await?;
            compare(client).await?;
            is_unused(client).await?;
            for table in TABLES {
                let (columns, order) = (table.names(), table.order());
                let text = format!("SELECT {columns} FROM {} ORDER BY {order}", table.name);
                let none: [&str; 0] = [];
                let mut found = pin!(client.query_raw(&text, none).await?);
                while let Some(row) = found.try_next().await? {
                    each(table, &values(table, &row)?)?;
                }
            }
            client.batch_execute(sql::COMMIT).await?;
            // One that has come meanwhile has begun what is not in the export.
            is_unused(client).await
        })
    }

    fn progress(&mut self) -> Result<Option<String>, WholeError> {
        let client = &self.connected.client;
        self.runtime.block_on(async {
            if !is_half_imported(client).await? {
                return Ok(None);
            }
            let progress = client.query_one(sql::IMPORT_PROGRESS, &[]).await?;
            Ok(Some(rows::get(&progress, 0)?))
        })
    }

    fn begin(&mut self, progress: &str) -> Result<(), WholeError> {
        let client = &mut self.connected.client;
        self.runtime.block_on(async {
            compare(client).await?;
            is_unused(client).await?;
            let beginning = client.transaction().await?;
            for table in TABLES {
                let any = format!("SELECT 1 FROM {} LIMIT 1", table.name);
                if beginning.query_opt(&any, &[]).await?.is_some() {
                    return Err(WholeError::NotEmpty(table.name));
                }
            }
            beginning.batch_execute(sql::MAKE_IMPORT).await?;
            beginning.execute(sql::BEGIN_IMPORT, &[&progress]).await?;
            Ok(beginning.commit().await?)
        })
    }

    fn take(
        &mut self,
        table: &'static Table,
        rows: &[Vec<Value<'static>>],
        from: &str,
        to: &str,
    ) -> Result<(), WholeError> {
        let client = &mut self.connected.client;
        self.runtime.block_on(async {
            let taking = client.transaction().await?;
            if taking.execute(sql::MOVE_IMPORT, &[&from, &to]).await? == 0 {
                return Err(WholeError::Twice);
            }
            let columns = table.names();
            let text = format!("COPY {} ({columns}) FROM STDIN (FORMAT binary)", table.name);
            let types: Vec<Type> = table.columns.iter().map(|it| sort(it.kind)).collect();
            let sink = taking.copy_in(&text).await?;
            let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
            for row in rows {
                let cells = table.columns.iter().zip(row);
                let cells: Vec<Cell<'_>> = cells.map(|(it, value)| Cell(it.kind, value)).collect();
                writer.as_mut().write_raw(cells).await?;
            }
            writer.finish().await?;
            Ok(taking.commit().await?)
        })
    }

    fn finish(&mut self, from: &str) -> Result<(), WholeError> {
        let client = &mut self.connected.client;
        self.runtime.block_on(async {
            is_unused(client).await?;
            let finishing = client.transaction().await?;
            if finishing.execute(sql::MOVE_IMPORT, &[&from, &from]).await? == 0 {
                return Err(WholeError::Twice);
            }
            if let Some(task) = finishing.query_opt(sql::TASK_WITHOUT_BODY, &[]).await? {
                let id: Uuid = rows::get(&task, 0)?;
                let what = format!("the task {id} has no body");
                return Err(WholeError::Incoherent(what));
            }
            for table in TABLES.iter().filter(|table| table.of_tasks) {
                let text = format!(
                    "SELECT task FROM {} own \
                     WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = own.task) LIMIT 1",
                    table.name
                );
                if let Some(found) = finishing.query_opt(&text, &[]).await? {
                    let id: Uuid = rows::get(&found, 0)?;
                    let what = format!("there is no task {id}, and a line `{}` of it", table.line);
                    return Err(WholeError::Incoherent(what));
                }
            }
            finishing.batch_execute(sql::FOLLOW_IMPORT).await?;
            finishing.commit().await?;
            // What the first claims and lists are planned by, before autovacuum comes by.
            Ok(client.batch_execute(sql::ANALYZE).await?)
        })
    }
}

/// As what a column is kept.
fn sort(kind: Kind) -> Type {
    match kind {
        Kind::Id => Type::UUID,
        Kind::Ids => Type::UUID_ARRAY,
        Kind::Small | Kind::State => Type::INT2,
        Kind::Int => Type::INT4,
        Kind::Long => Type::INT8,
        Kind::Real => Type::FLOAT8,
        Kind::Flag => Type::BOOL,
        Kind::Text | Kind::Name | Kind::Json => Type::TEXT,
        Kind::Texts => Type::TEXT_ARRAY,
        Kind::Bytes => Type::BYTEA,
    }
}

fn values<'r>(table: &Table, row: &'r Row) -> Result<Vec<Value<'r>>, StoreError> {
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(index, column)| value(column, row, index))
        .collect()
}

fn value<'r>(column: &Column, row: &'r Row, index: usize) -> Result<Value<'r>, StoreError> {
    fn read<'r, T: FromSql<'r>>(
        row: &'r Row,
        index: usize,
        as_value: impl FnOnce(T) -> Value<'r>,
    ) -> Result<Value<'r>, StoreError> {
        let stored: Option<T> = rows::get(row, index)?;
        Ok(stored.map_or(Value::Null, as_value))
    }
    match column.kind {
        Kind::Id => read(row, index, Value::Id),
        Kind::Ids => read(row, index, Value::Ids),
        Kind::Small | Kind::State => read(row, index, |number: i16| Value::Number(number.into())),
        Kind::Int => read(row, index, |number: i32| Value::Number(number.into())),
        Kind::Long => read(row, index, Value::Number),
        Kind::Real => read(row, index, Value::Real),
        Kind::Flag => read(row, index, Value::Flag),
        Kind::Text => read(row, index, |text: &str| {
            Value::Text(if text.contains('\\') {
                unescaped(text.to_owned()).into()
            } else {
                text.into()
            })
        }),
        Kind::Name | Kind::Json => read(row, index, |text: &str| Value::Text(text.into())),
        Kind::Texts => read(row, index, Value::Texts),
        Kind::Bytes => read(row, index, |bytes: &[u8]| Value::Bytes(bytes.into())),
    }
}

/// A value on its way into a column.
#[derive(Debug)]
struct Cell<'v>(Kind, &'v Value<'static>);

impl ToSql for Cell<'_> {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self.1 {
            Value::Null => Ok(IsNull::Yes),
            Value::Number(number) if *of == Type::INT2 => i16::try_from(*number)?.to_sql(of, out),
            Value::Number(number) if *of == Type::INT4 => i32::try_from(*number)?.to_sql(of, out),
            Value::Number(number) => number.to_sql(of, out),
            Value::Real(real) => real.to_sql(of, out),
            Value::Flag(flag) => flag.to_sql(of, out),
            Value::Id(id) => id.to_sql(of, out),
            Value::Ids(ids) => ids.to_sql(of, out),
            Value::Text(text) if self.0 == Kind::Text => escaped(text).to_sql(of, out),
            Value::Text(text) => text.to_sql(of, out),
            Value::Texts(texts) => texts.to_sql(of, out),
            Value::Bytes(bytes) => bytes.to_sql(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl From<Error> for WholeError {
    fn from(error: Error) -> Self {
        Self::Store(error.into())
    }
}
