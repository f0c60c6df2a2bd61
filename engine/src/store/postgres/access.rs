//! Keys and sessions.

use std::net::IpAddr;

use futures::try_join;
use glassworks_protocol::{ApiKey, Reach, Scope, Timestamp};
use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::Batch;
use super::connect::Connected;
use super::fault::Failed;
use super::rows::{self, json_text};
use super::statements::ReaderStatements;
use super::text::escaped;
use crate::store::StoreError;
use crate::store::access::{
    Access, KeyRow, SecretHash, SessionRow, StoredKey, StoredSession, Used,
};
use crate::store::write::Refusal;

type Result<T> = std::result::Result<T, StoreError>;

impl Batch<'_> {
    pub(super) async fn save_key(
        &mut self,
        key: &KeyRow,
    ) -> std::result::Result<std::result::Result<(), Refusal>, Failed> {
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let names = |names: &Vec<String>| (!names.is_empty()).then(|| json_text(names)).transpose();
        let saved = client
            .execute(
                &its.insert_key,
                &[
                    &key.id,
                    &&key.hash[..],
                    &escaped(&key.name),
                    &key.scope.as_str(),
                    &names(&key.reach.kinds)?,
                    &names(&key.reach.queues)?,
                    &self.now.as_millis(),
                    &key.expires_in_ms.map(|millis| after(self.now, millis)),
                ],
            )
            .await?;
        if saved == 0 {
            return Ok(Err(Refusal::NameTaken));
        }
        self.news.access = true;
        Ok(Ok(()))
    }

    /// The name of the key, if there was one. Its sessions go with it.
    pub(super) async fn revoke_key(
        &mut self,
        id: Uuid,
    ) -> std::result::Result<Option<String>, Failed> {
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let (revoked, ended) = try_join!(
            async { client.query_opt(&its.delete_key, &[&id]).await },
            async { client.execute(&its.delete_sessions_of_key, &[&id]).await },
        )?;
        self.news.access |= revoked.is_some() || ended > 0;
        Ok(match revoked {
            Some(row) => rows::free_text(&row, 0)?,
            None => None,
        })
    }

    pub(super) async fn save_session(
        &mut self,
        session: &SessionRow,
    ) -> std::result::Result<(), Failed> {
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let from = session.from.map(|from| from.to_string());
        client
            .execute(
                &its.insert_session,
                &[
                    &session.id,
                    &&session.hash[..],
                    &session.key_id,
                    &self.now.as_millis(),
                    &after(self.now, session.expires_in_ms),
                    &from,
                    &session.user_agent.as_deref().map(escaped),
                ],
            )
            .await?;
        self.news.access = true;
        Ok(())
    }

    /// Whether there was one.
    pub(super) async fn end_session(&mut self, id: Uuid) -> std::result::Result<bool, Failed> {
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let ended = client.execute(&its.delete_session, &[&id]).await? > 0;
        self.news.access |= ended;
        Ok(ended)
    }

    /// The other nodes are not told: they keep what they know of it themselves, and look now and
    /// then.
    pub(super) async fn save_use(&mut self, used: &Used) -> std::result::Result<(), Failed> {
        let (client, its) = (&self.connected.client, &self.connected.statements);
        for (statement, used) in [
            (&its.use_keys, &used.keys),
            (&its.use_sessions, &used.sessions),
        ] {
            if used.is_empty() {
                continue;
            }
            let at = used.iter().map(|(id, at)| (*id, at.as_millis()));
            let (ids, moments): (Vec<Uuid>, Vec<i64>) = at.unzip();
            client.execute(statement, &[&ids, &moments]).await?;
        }
        Ok(())
    }

    pub(super) async fn prune_sessions(
        &mut self,
        idle_ms: u64,
        limit: u32,
    ) -> std::result::Result<u32, Failed> {
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let (used_before, now) = (self.before(idle_ms).as_millis(), self.now.as_millis());
        let pruned = client
            .execute(
                &its.prune_sessions,
                &[&used_before, &now, &i64::from(limit)],
            )
            .await?;
        Ok(u32::try_from(pruned).unwrap_or(u32::MAX))
    }
}

/// So long after `now`, in milliseconds.
fn after(now: Timestamp, millis: u64) -> i64 {
    now.plus_millis(rows::signed(millis)).as_millis()
}

/// Every key and every session, oldest first.
pub(super) async fn all(reader: &Connected<ReaderStatements>) -> Result<Access> {
    let (client, its) = (&reader.client, &reader.statements);
    // Sessions first: a session whose key is not there is nobody's, and none is without its key
    // because that came between.
    let (sessions, keys) = try_join!(
        async { client.query(&its.all_sessions, &[]).await },
        async { client.query(&its.all_keys, &[]).await },
    )?;
    Ok(Access {
        keys: keys.iter().map(key).collect::<Result<_>>()?,
        sessions: sessions.iter().map(session).collect::<Result<_>>()?,
    })
}

fn key(row: &Row) -> Result<StoredKey> {
    let names = |index| -> Result<Vec<String>> {
        let stored: Option<&str> = rows::get(row, index)?;
        Ok(stored.map(rows::json).transpose()?.unwrap_or_default())
    };
    Ok(StoredKey {
        hash: hash(row, 1)?,
        key: ApiKey {
            id: rows::get(row, 0)?,
            name: rows::free_text(row, 2)?.unwrap_or_default(),
            scope: word(row, 3, &Scope::ALL, Scope::as_str)?,
            reach: Reach {
                kinds: names(4)?,
                queues: names(5)?,
            },
            created_at: rows::moment(row, 6)?,
            expires_at: rows::optional_moment(row, 7)?,
            last_used_at: rows::optional_moment(row, 8)?,
        },
    })
}

fn session(row: &Row) -> Result<StoredSession> {
    Ok(StoredSession {
        id: rows::get(row, 0)?,
        hash: hash(row, 1)?,
        key_id: rows::get(row, 2)?,
        created_at: rows::moment(row, 3)?,
        expires_at: rows::moment(row, 4)?,
        last_used_at: rows::moment(row, 5)?,
        from: address(row, 6)?,
        user_agent: rows::free_text(row, 7)?,
    })
}

fn hash(row: &Row, index: usize) -> Result<SecretHash> {
    let stored: &[u8] = rows::get(row, index)?;
    stored.try_into().map_err(rows::unreadable)
}

pub(super) fn address(row: &Row, index: usize) -> Result<Option<IpAddr>> {
    let stored: Option<&str> = rows::get(row, index)?;
    Ok(stored.and_then(|text| text.parse().ok()))
}

/// The one of `all` whose word is stored.
pub(super) fn word<T: Copy>(
    row: &Row,
    index: usize,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Result<T> {
    let stored: &str = rows::get(row, index)?;
    let mut all = all.iter().copied();
    all.find(|one| as_str(*one) == stored)
        .ok_or_else(|| rows::unreadable(format_args!("the word {stored}")))
}
