//! Keys, sessions and the audit log.

use std::net::IpAddr;

use glassworks_protocol::{
    Actor, ActorKind, ApiKey, AuditAction, AuditEntry, AuditFilter, Reach, Scope, Timestamp,
};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use uuid::Uuid;

use super::ledger::Ledger;
use super::rows::{Json, Stored, json};
use super::sql;
use crate::store::access::{Access, KeyRow, SessionRow, StoredKey, StoredSession, Used};
use crate::store::audit::NewEntry;
use crate::store::write::Refusal;

impl Ledger<'_> {
    pub(super) fn save_key(
        &mut self,
        key: &KeyRow,
        now: Timestamp,
    ) -> rusqlite::Result<Result<(), Refusal>> {
        if self.statements.key_by_name.exists([&key.name])? {
            return Ok(Err(Refusal::NameTaken));
        }
        let names = |names: &Vec<String>| (!names.is_empty()).then(|| json(names)).transpose();
        self.statements.insert_key.execute(params![
            key.id.as_bytes(),
            key.hash,
            key.name,
            key.scope.as_str(),
            names(&key.reach.kinds)?,
            names(&key.reach.queues)?,
            now.as_millis(),
            key.expires_in_ms.map(|millis| after(now, millis)),
        ])?;
        Ok(Ok(()))
    }

    /// The name of the key, if there was one. Its sessions go with it.
    pub(super) fn revoke_key(&mut self, id: Uuid) -> rusqlite::Result<Option<String>> {
        let name = self
            .statements
            .delete_key
            .query_row([id.as_bytes()], |row| row.get(0))
            .optional()?;
        self.statements
            .delete_sessions_of_key
            .execute([id.as_bytes()])?;
        Ok(name)
    }

    pub(super) fn save_session(
        &mut self,
        session: &SessionRow,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        self.statements.insert_session.execute(params![
            session.id.as_bytes(),
            session.hash,
            session.key_id.as_bytes(),
            now.as_millis(),
            after(now, session.expires_in_ms),
            session.from.map(|from| from.to_string()),
            session.user_agent,
        ])?;
        Ok(())
    }

    /// Whether there was one.
    pub(super) fn end_session(&mut self, id: Uuid) -> rusqlite::Result<bool> {
        let ended = self.statements.delete_session.execute([id.as_bytes()])?;
        Ok(ended > 0)
    }

    pub(super) fn save_use(&mut self, used: &Used) -> rusqlite::Result<()> {
        for (id, at) in &used.keys {
            let of = params![id.as_bytes(), at.as_millis()];
            self.statements.use_key.execute(of)?;
        }
        for (id, at) in &used.sessions {
            let of = params![id.as_bytes(), at.as_millis()];
            self.statements.use_session.execute(of)?;
        }
        Ok(())
    }

    pub(super) fn prune_sessions(
        &mut self,
        used_before: Timestamp,
        now: Timestamp,
        limit: u32,
    ) -> rusqlite::Result<u32> {
        let of = params![used_before.as_millis(), now.as_millis(), limit];
        let pruned = self.statements.prune_sessions.execute(of)?;
        Ok(u32::try_from(pruned).unwrap_or(u32::MAX))
    }

    pub(super) fn insert_audit(
        &mut self,
        actor: &Actor,
        entry: &NewEntry,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        self.statements.insert_audit.execute(params![
            now.as_millis(),
            actor.kind.as_str(),
            actor.id.as_ref().map(Uuid::as_bytes),
            actor.name,
            actor.from.map(|from| from.to_string()),
            entry.action.as_str(),
            entry.target,
            entry.tasks,
            entry.detail,
        ])?;
        Ok(())
    }

    pub(super) fn prune_audit(&mut self, before: Timestamp, limit: u32) -> rusqlite::Result<u32> {
        let of = params![before.as_millis(), limit];
        let pruned = self.statements.prune_audit.execute(of)?;
        Ok(u32::try_from(pruned).unwrap_or(u32::MAX))
    }
}

/// So long after `now`, in milliseconds.
fn after(now: Timestamp, millis: u64) -> i64 {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    now.plus_millis(millis).as_millis()
}

/// Every key and every session, oldest first.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Access> {
    let mut keys = connection.prepare_cached(sql::ALL_KEYS)?;
    let mut sessions = connection.prepare_cached(sql::ALL_SESSIONS)?;
    Ok(Access {
        keys: keys.query_map([], key)?.collect::<Result<_, _>>()?,
        sessions: sessions.query_map([], session)?.collect::<Result<_, _>>()?,
    })
}

fn key(row: &Row<'_>) -> rusqlite::Result<StoredKey> {
    let names = |index| -> rusqlite::Result<Vec<String>> {
        let stored: Option<Json<Vec<String>>> = row.get(index)?;
        Ok(stored.map(|Json(names)| names).unwrap_or_default())
    };
    Ok(StoredKey {
        hash: row.get(1)?,
        key: ApiKey {
            id: id(row, 0)?,
            name: row.get(2)?,
            scope: row.get(3).map(|Stored(scope)| scope)?,
            reach: Reach {
                kinds: names(4)?,
                queues: names(5)?,
            },
            created_at: row.get(6).map(|Stored(at)| at)?,
            expires_at: moment(row, 7)?,
            last_used_at: moment(row, 8)?,
        },
    })
}

fn session(row: &Row<'_>) -> rusqlite::Result<StoredSession> {
    Ok(StoredSession {
        id: id(row, 0)?,
        hash: row.get(1)?,
        key_id: id(row, 2)?,
        created_at: row.get(3).map(|Stored(at)| at)?,
        expires_at: row.get(4).map(|Stored(at)| at)?,
        last_used_at: row.get(5).map(|Stored(at)| at)?,
        from: address(row, 6)?,
        user_agent: row.get(7)?,
    })
}

fn id(row: &Row<'_>, index: usize) -> rusqlite::Result<Uuid> {
    row.get(index).map(Uuid::from_bytes)
}

fn moment(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Timestamp>> {
    let stored: Option<Stored<Timestamp>> = row.get(index)?;
    Ok(stored.map(|Stored(at)| at))
}

fn address(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<IpAddr>> {
    let stored: Option<String> = row.get(index)?;
    Ok(stored.and_then(|text| text.parse().ok()))
}

/// At most `limit` entries that match, newest first, each older than `before`.
///
/// Each of actor, target and action has an index; what else is asked for is looked for among what
/// that finds.
pub(super) fn audit(
    connection: &Connection,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u32,
) -> rusqlite::Result<Vec<AuditEntry>> {
    let actor_id = filter.actor.as_deref().and_then(|actor| actor.parse().ok());
    let actor_id: Option<[u8; 16]> = actor_id.map(Uuid::into_bytes);
    let action = filter.action.map(AuditAction::as_str);
    let since = filter.since.map(Timestamp::as_millis);
    let until = filter.until.map(Timestamp::as_millis);
    let mut conditions = vec!["id < ?"];
    let before = before.unwrap_or(i64::MAX);
    let mut values: Vec<&dyn ToSql> = vec![&before];
    if let Some(id) = &actor_id {
        conditions.push("actor_id = ?");
        values.push(id);
    } else if let Some(name) = &filter.actor {
        conditions.push("actor = ?");
        values.push(name);
    }
    if let Some(target) = &filter.target {
        conditions.push("target = ?");
        values.push(target);
    }
    if let Some(action) = &action {
        conditions.push("action = ?");
        values.push(action);
        // Said outright, so that the index without the many submits serves.
        if *action != AuditAction::SubmitTask.as_str() {
            conditions.push("action <> 'submit_task'");
        }
    }
    if let Some(since) = &since {
        conditions.push("at >= ?");
        values.push(since);
    }
    if let Some(until) = &until {
        conditions.push("at < ?");
        values.push(until);
    }
    values.push(&limit);
    let text = format!(
        "SELECT {} FROM audit WHERE {} ORDER BY id DESC LIMIT ?",
        sql::AUDIT_COLUMNS,
        conditions.join(" AND ")
    );
    connection
        .prepare_cached(&text)?
        .query_map(values.as_slice(), entry)?
        .collect()
}

/// Reads `AUDIT_COLUMNS`.
fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let actor_id: Option<[u8; 16]> = row.get(3)?;
    Ok(AuditEntry {
        id: row.get(0)?,
        at: row.get(1).map(|Stored(at)| at)?,
        actor: Actor {
            kind: row.get(2).map(|Stored(kind)| kind)?,
            id: actor_id.map(Uuid::from_bytes),
            name: row.get(4)?,
            from: address(row, 5)?,
        },
        action: row.get(6).map(|Stored(action)| action)?,
        target: row.get(7)?,
        tasks: row.get(8)?,
        detail: row.get(9)?,
    })
}

impl FromSql for Stored<Scope> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        word(value, &Scope::ALL, Scope::as_str).map(Self)
    }
}

impl FromSql for Stored<ActorKind> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        word(value, &ActorKind::ALL, ActorKind::as_str).map(Self)
    }
}

impl FromSql for Stored<AuditAction> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        word(value, &AuditAction::ALL, AuditAction::as_str).map(Self)
    }
}

/// The one of `all` whose word is stored.
fn word<T: Copy>(
    value: ValueRef<'_>,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> FromSqlResult<T> {
    let stored = value.as_str()?;
    let mut all = all.iter().copied();
    all.find(|one| as_str(*one) == stored)
        .ok_or(FromSqlError::InvalidType)
}
