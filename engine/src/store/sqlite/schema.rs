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
    include_str!("migrations/0008_access.sql"),
    include_str!("migrations/0009_remote.sql"),
    include_str!("migrations/0010_schedules.sql"),
    include_str!("migrations/0011_pauses.sql"),
];

/// Says in the file's header whose it is ("GLAS"), see `PRAGMA application_id`.
const APPLICATION_ID: i64 = 0x474c_4153;

/// The present schema's number.
pub(super) fn version() -> usize {
    MIGRATIONS.len()
}

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

/// Whether it is a database of ours that this version can read.
pub(super) fn recognise(connection: &Connection) -> Result<(), OpenError> {
    if pragma(connection, "application_id")? != APPLICATION_ID {
        return Err(OpenError::Foreign);
    }
    let version = pragma(connection, "user_version")?;
    if usize::try_from(version).is_ok_and(|version| version <= MIGRATIONS.len()) {
        Ok(())
    } else {
        Err(OpenError::TooNew)
    }
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{EventBody, OutputStream, State, TaskId};
    use rusqlite::Connection;
    use tempfile::tempdir;

    use super::{APPLICATION_ID, MIGRATIONS};
    use crate::limits::Limits;
    use crate::store::sqlite::SqliteStore;
    use crate::store::{Claim, End, Lost, Served, Store, Write};

    /// How many migrations there were before logs kept the end of each attempt.
    const BEFORE_LOGS: usize = 6;

    /// A task that was running in its 31st attempt, and has printed more than was kept.
    const RUNNING: &str = r#"
        INSERT INTO tasks (id, kind, queue, state, priority, attempt, max_attempts, forgiven,
            timeout_ms, run_at, created_at, started_at, lease_expires_at, cancel_requested,
            last_seq, output_bytes, truncated, node)
        VALUES (x'00000000000000000000000000000007', 'kind', 'default', 2, 5, 31, 100, 0, 60000,
            0, 0, 0, 9, 0, 4, 5, 1, 'node');
        INSERT INTO bodies (row, payload, tags) VALUES (1, '{}', '["old"]');
        INSERT INTO counts (queue, kind, state, tasks) VALUES ('default', 'kind', 2, 1);
        INSERT INTO events (row, seq, attempt, at, body) VALUES
            (1, 1, 0, 0, '{"type":"state","state":"queued"}'),
            (1, 2, 1, 0, '{"type":"state","state":"running"}'),
            (1, 3, 1, 0, '{"type":"output","text":"hello"}'),
            (1, 4, 1, 0, '{"type":"truncated","what":"output","limit":5}');
        INSERT INTO failures (row, attempt, at, ran_ms, message)
            WITH RECURSIVE n (attempt) AS (SELECT 1 UNION SELECT attempt + 1 FROM n LIMIT 30)
            SELECT 1, attempt, 0, 1, 'failure ' || attempt FROM n;"#;

    #[tokio::test]
    async fn a_task_of_an_earlier_version_goes_on() {
        let folder = tempdir().unwrap();
        let file = folder.path().join("tasks.db");
        let connection = Connection::open(&file).unwrap();
        for migration in &MIGRATIONS[..BEFORE_LOGS] {
            connection.execute_batch(migration).unwrap();
        }
        connection.execute_batch(RUNNING).unwrap();
        connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        connection
            .pragma_update(None, "user_version", BEFORE_LOGS)
            .unwrap();
        connection.close().unwrap();

        let store = SqliteStore::open(&file, Limits::default()).unwrap();
        let id = TaskId(uuid::Uuid::from_u128(7));
        let task = store.task(id).await.unwrap().unwrap();
        assert_eq!((task.state, task.attempt), (State::Running, 31));
        assert_eq!((task.errors.len(), task.errors_omitted), (21, 9));
        let again = EventBody::Output {
            stream: OutputStream::Stderr,
            text: "again".to_owned(),
        };
        let batch = vec![
            Write::Rescue {
                lost: Lost::All,
                limit: 9,
            },
            Write::Claim(Claim {
                node: "node".to_owned(),
                served: Served {
                    kinds: ["kind".to_owned()].into(),
                    queues: None,
                },
                room: 1,
                lease_ms: 30_000,
                remote: None,
            }),
            Write::Finish {
                task: id,
                attempt: 32,
                entries: vec![again.clone()],
                end: End::Completed(None),
            },
        ];
        store.commit(batch).await.unwrap();
        let task = store.task(id).await.unwrap().unwrap();
        assert_eq!(task.state, State::Completed);
        assert_eq!((task.errors.len(), task.errors_omitted), (21, 10));
        let log = store.events(id, 2, 9, u64::MAX).await.unwrap().unwrap();
        let log: Vec<EventBody> = log.events.into_iter().map(|event| event.body).collect();
        assert_eq!(log[0], EventBody::output("hello"));
        assert_eq!(log[1].kind(), "truncated");
        assert_eq!(log[4], again);
        assert_eq!(log[5], EventBody::state(State::Completed));
    }
}
