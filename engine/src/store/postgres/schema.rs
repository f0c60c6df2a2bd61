//! Bringing a database to the present schema. Migrations only go forward, and go in one transaction
//! each, under a lock: nodes that start together wait for the first.

use tokio_postgres::Client;

use super::connect::Connected;
use super::statements::NoStatements;
use super::{OpenError, sql};

/// The migrations, oldest first. One that has been released is never edited.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_tasks.sql"),
    include_str!("migrations/0002_access.sql"),
    include_str!("migrations/0003_remote.sql"),
    include_str!("migrations/0004_schedules.sql"),
    include_str!("migrations/0005_pauses.sql"),
    include_str!("migrations/0006_nodes.sql"),
];

/// The oldest server that is known to do, as it numbers itself, and as people call it.
const LEAST_VERSION: (i32, &str) = (150_000, "15");

/// The present schema's number.
pub(super) fn version() -> usize {
    MIGRATIONS.len()
}

/// The process of the server that serves this connection, after it has been found fit.
pub(super) async fn check(client: &Client) -> Result<i32, OpenError> {
    let server = client.query_one(sql::SERVER, &[]).await?;
    let (number, name): (i32, &str) = (server.try_get(0)?, server.try_get(1)?);
    if number < LEAST_VERSION.0 {
        return Err(OpenError::TooOld {
            version: name.to_owned(),
            least: LEAST_VERSION.1,
        });
    }
    if server.try_get(2)? {
        return Err(OpenError::ReadOnly);
    }
    let encoding: &str = server.try_get(4)?;
    if encoding != "UTF8" {
        return Err(OpenError::Encoding(encoding.to_owned()));
    }
    Ok(server.try_get(3)?)
}

/// Brings the database to the present schema.
pub(super) async fn migrate(connected: &mut Connected<NoStatements>) -> Result<(), OpenError> {
    let client = &mut connected.client;
    client.batch_execute(sql::LOCK_SCHEMA).await?;
    migrate_locked(client).await?;
    client.batch_execute(sql::UNLOCK_SCHEMA).await?;
    Ok(())
}

async fn migrate_locked(client: &mut Client) -> Result<(), OpenError> {
    let known = client.query_one(sql::HAS_VERSIONS, &[]).await?;
    let (has_versions, has_schema): (bool, bool) = (known.try_get(0)?, known.try_get(1)?);
    if !has_versions {
        if has_schema {
            let things: i64 = client.query_one(sql::THINGS, &[]).await?.try_get(0)?;
            if things > 0 {
                return Err(OpenError::Foreign);
            }
        }
        client.batch_execute(sql::MAKE_VERSIONS).await?;
    }
    let version: Option<i32> = client.query_one(sql::VERSION, &[]).await?.try_get(0)?;
    let version = usize::try_from(version.unwrap_or(0)).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(OpenError::TooNew);
    }
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(version) {
        let number = i32::try_from(index + 1).unwrap_or(i32::MAX);
        let transaction = client.transaction().await?;
        transaction.batch_execute(migration).await?;
        transaction.execute(sql::ADD_VERSION, &[&number]).await?;
        transaction.commit().await?;
    }
    Ok(())
}
