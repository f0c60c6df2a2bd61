//! The audit log.

use std::fmt::Write as _;

use futures::FutureExt;
use futures::future::BoxFuture;
use glassworks_protocol::{Actor, ActorKind, AuditAction, AuditEntry, AuditFilter, Timestamp};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};
use uuid::Uuid;

use super::access::{address, word};
use super::batch::Batch;
use super::changes::when;
use super::connect::Connected;
use super::fault::Failed;
use super::statements::{ReaderStatements, WriterStatements};
use super::text::escaped;
use super::{rows, sql};
use crate::store::StoreError;
use crate::store::access::Caused;
use crate::store::audit::{self, NewEntry};
use crate::store::write::Outcome;

/// Entries that a batch adds, which are stored together at its end.
#[derive(Default)]
pub(super) struct Entries {
    ats: Vec<i64>,
    actor_kinds: Vec<&'static str>,
    actor_ids: Vec<Option<Uuid>>,
    actors: Vec<Option<String>>,
    addresses: Vec<Option<String>>,
    actions: Vec<&'static str>,
    targets: Vec<String>,
    tasks: Vec<Option<i64>>,
    details: Vec<Option<String>>,
}

impl Entries {
    fn add(&mut self, actor: &Actor, entry: &NewEntry, now: Timestamp) {
        let kept = |text: &String| escaped(text).into_owned();
        self.ats.push(now.as_millis());
        self.actor_kinds.push(actor.kind.as_str());
        self.actor_ids.push(actor.id);
        self.actors.push(actor.name.as_ref().map(kept));
        self.addresses.push(actor.from.map(|from| from.to_string()));
        self.actions.push(entry.action.as_str());
        self.targets.push(kept(&entry.target));
        self.tasks.push(entry.tasks.map(i64::from));
        self.details.push(entry.detail.as_ref().map(kept));
    }

    pub(super) async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let (client, its) = (&connected.client, &connected.statements);
        let stored = async {
            client
                .execute(
                    &its.insert_audit,
                    &[
                        &self.ats,
                        &self.actor_kinds,
                        &self.actor_ids,
                        &self.actors,
                        &self.addresses,
                        &self.actions,
                        &self.targets,
                        &self.tasks,
                        &self.details,
                    ],
                )
                .await
        };
        when(!self.ats.is_empty(), stored).await.map(drop)
    }
}

impl<'b> Batch<'b> {
    /// Applies what somebody has caused, and tells the audit log of it.
    pub(super) fn apply_by<'f>(
        &'f mut self,
        caused: &'b Caused,
    ) -> BoxFuture<'f, Result<Outcome, Failed>>
    where
        'b: 'f,
    {
        async move {
            let Caused { actor, write } = caused;
            let subject = audit::subject(write);
            let first = self.committed.events.len();
            let outcome = self.apply(write).await?;
            let events = &self.committed.events[first..];
            if let Some(entry) = audit::entry(subject, &outcome, events) {
                self.entries.add(actor, &entry, self.now);
            }
            Ok(outcome)
        }
        .boxed()
    }

    pub(super) async fn prune_audit(&mut self, older_ms: u64, limit: u32) -> Result<u32, Failed> {
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let before = self.before(older_ms).as_millis();
        let pruned = client
            .execute(&its.prune_audit, &[&before, &i64::from(limit)])
            .await?;
        Ok(u32::try_from(pruned).unwrap_or(u32::MAX))
    }
}

/// At most `limit` entries that match, newest first, each older than `before`.
///
/// Each of actor, target and action has an index; what else is asked for is looked for among what
/// that finds.
pub(super) async fn entries(
    reader: &Connected<ReaderStatements>,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditEntry>, StoreError> {
    let before = before.unwrap_or(i64::MAX);
    let limit = i64::from(limit);
    let actor = filter.actor.as_deref().map(escaped);
    let actor_id: Option<Uuid> = filter.actor.as_deref().and_then(|actor| actor.parse().ok());
    let target = filter.target.as_deref().map(escaped);
    let action = filter.action.map(AuditAction::as_str);
    let since = filter.since.map(Timestamp::as_millis);
    let until = filter.until.map(Timestamp::as_millis);
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&before, &limit];
    let mut conditions = String::new();
    let mut also = |condition: &str, value| {
        values.push(value);
        // Cannot fail: a String takes all that is written to it.
        let _ = write!(conditions, " AND {condition} ${}", values.len());
    };
    if let Some(id) = &actor_id {
        also("actor_id =", id);
    } else if let Some(name) = &actor {
        also("actor =", name);
    }
    if let Some(target) = &target {
        also("target =", target);
    }
    if let Some(action) = &action {
        also("action =", action);
    }
    if let Some(since) = &since {
        also("at >=", since);
    }
    if let Some(until) = &until {
        also("at <", until);
    }
    // Said outright, so that the index without the many submits serves.
    if filter
        .action
        .is_some_and(|action| action != AuditAction::SubmitTask)
    {
        conditions.push_str(" AND action <> 'submit_task'");
    }
    let text = format!(
        "{} WHERE id < $1{conditions} ORDER BY id DESC LIMIT $2",
        sql::AUDIT
    );
    let found = reader.client.query(&text, &values).await?;
    found.iter().map(entry).collect()
}

/// Reads the columns of `AUDIT`.
fn entry(row: &Row) -> Result<AuditEntry, StoreError> {
    let tasks: Option<i64> = rows::get(row, 8)?;
    Ok(AuditEntry {
        id: rows::get(row, 0)?,
        at: rows::moment(row, 1)?,
        actor: Actor {
            kind: word(row, 2, &ActorKind::ALL, ActorKind::as_str)?,
            id: rows::get(row, 3)?,
            name: rows::free_text(row, 4)?,
            from: address(row, 5)?,
        },
        action: word(row, 6, &AuditAction::ALL, AuditAction::as_str)?,
        target: rows::free_text(row, 7)?.unwrap_or_default(),
        tasks: tasks.map(|tasks| u32::try_from(tasks).unwrap_or(u32::MAX)),
        detail: rows::free_text(row, 9)?,
    })
}
