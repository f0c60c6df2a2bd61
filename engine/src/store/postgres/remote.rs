//! Attempts that workers make over HTTP, and the kinds that they offer.
//!
//! What is known of a remote attempt is read and written only under the lock of its task's head, so
//! that any node may take a report, or end what nothing is heard of.

use std::collections::{BTreeMap, HashMap};

use futures::FutureExt;
use glassworks_protocol::{TaskId, Timestamp};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

use super::batch::Batch;
use super::changes::when;
use super::connect::Connected;
use super::fault::Failed;
use super::read::uuids;
use super::rows::{self, StoredHead, json_text, narrow, signed};
use super::statements::{ReaderStatements, WriterStatements};
use super::text::escaped;
use crate::store::remote::{Remote, RemoteClaim, Report, Reported};
use crate::store::write::{Claim, Claimed, Lease, Offer, Refusal};
use crate::store::{OfferedKind, StoreError};

type Reader = Connected<ReaderStatements>;
type Result<T> = std::result::Result<T, StoreError>;

impl Batch<'_> {
    /// The tasks that the same request has claimed before, on whatever node, and that are still
    /// its.
    pub(super) async fn claimed_before(
        &mut self,
        claim: &Claim,
        remote: &RemoteClaim,
    ) -> std::result::Result<Vec<Claimed>, Failed> {
        self.flush(true).await?;
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let request = remote.fingerprint(&claim.node);
        let found = client.query(&its.heads_requested, &[&&request[..]]).await?;
        let mut before = Vec::with_capacity(found.len());
        for row in &found {
            let (stored, known) = (rows::head(row)?, self::remote(row, rows::HEAD_COLUMNS)?);
            let head = &stored.head;
            let token = remote.lease(&known.salt, head.id, head.attempt);
            let left = head
                .lease_expires_at
                .map(|expires| expires.millis_since(self.now));
            let lease = Lease {
                token,
                left_ms: left.and_then(|left| u64::try_from(left).ok()).unwrap_or(0),
            };
            before.push((stored, lease));
        }
        let ids: Vec<TaskId> = before.iter().map(|(stored, _)| stored.head.id).collect();
        let mut bodies = self.bodies(&ids, u64::MAX).await?;
        let tasks = before.into_iter().map(|(stored, lease)| {
            let body = bodies.remove(&stored.head.id);
            let body = body.ok_or_else(|| bodiless(stored.head.id))?;
            Ok(body.claimed(&stored, &stored.head, Some(lease)))
        });
        tasks.collect()
    }

    /// Takes what workers hand in, each report by itself.
    pub(super) fn report(&mut self, reports: &[Report], lease_ms: u64) -> Vec<Reported> {
        let reports = reports.iter();
        reports
            .map(|report| self.report_one(report, lease_ms).unwrap_or(Reported::LOST))
            .collect()
    }

    fn report_one(&mut self, report: &Report, lease_ms: u64) -> Option<Reported> {
        let stored = self.heads.get(&report.task)?;
        let mut head = stored.head.clone();
        let decided = head.report(self.now, report.clone(), lease_ms, &self.limits);
        let (effects, reported) = decided.ok()?;
        if head != stored.head {
            self.committed.wake |= head.state != stored.head.state && !head.state.is_final();
            self.keep(head, effects);
        }
        Some(reported)
    }

    /// Ends remote attempts whose lease has expired, or whose time is over. What another
    /// transaction holds is passed over: somebody has just heard of it, or is ending it.
    pub(super) async fn rescue_remote(
        &mut self,
        roll: f64,
        limit: u32,
    ) -> std::result::Result<u32, Failed> {
        self.flush(true).await?;
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let now = self.now.as_millis();
        let due = client
            .query(&its.remote_due, &[&now, &i64::from(limit)])
            .await?;
        let due: Vec<Uuid> = due
            .iter()
            .map(|row| rows::get(row, 0))
            .collect::<Result<_>>()?;
        if due.is_empty() {
            return Ok(0);
        }
        // Only now, under the locks, it is known how they stand.
        let locked = client.query(&its.heads_free, &[&due]).await?;
        let locked = locked.iter().map(rows::head).collect::<Result<Vec<_>>>()?;
        let ids: Vec<TaskId> = locked.iter().map(|stored| stored.head.id).collect();
        let known = client.query(&its.remotes, &[&uuids(&ids)]).await?;
        let mut known = by_task(&known)?;
        let (mut ended, mut outlived) = (0, Vec::new());
        for mut stored in locked {
            let Some(remote) = known.remove(&stored.head.id) else {
                continue;
            };
            let due_at = remote.due_at(stored.head.lease_expires_at);
            stored.head.remote = Some(remote);
            if !stored.head.is_remote() {
                // Its task has gone on without it.
                outlived.push(stored.head.id.0);
                continue;
            }
            if due_at.is_none_or(|at| at > self.now) {
                continue;
            }
            let mut head = stored.head.clone();
            let worker = stored.node.as_deref();
            let Ok(effects) = head.end_remote(self.now, worker, roll, &self.limits) else {
                continue;
            };
            self.hold(stored);
            self.keep(head, effects);
            self.committed.wake = true;
            ended += 1;
        }
        if !outlived.is_empty() {
            client.execute(&its.delete_remotes, &[&outlived]).await?;
        }
        Ok(ended)
    }

    /// Keeps what kinds a worker serves. Nodes that do so at the same moment do not see each other,
    /// so that the limit may be exceeded by what they offer.
    pub(super) fn offer(&mut self, offers: &[Offer]) -> std::result::Result<(), Refusal> {
        let new = offers
            .iter()
            .filter(|offer| !self.kinds.contains(&offer.kind))
            .count();
        if new > 0 && self.kinds.len() + new > self.limits.kinds {
            return Err(Refusal::TooManyKinds(self.limits.kinds));
        }
        for offer in offers {
            self.kinds.insert(offer.kind.clone());
            self.offers.insert(offer.kind.clone(), offer.clone());
        }
        self.news.kinds |= !offers.is_empty();
        Ok(())
    }

    /// Takes a head that was just read, and keeps what is known of its latest attempt as a remote
    /// one.
    pub(super) fn hold(&mut self, mut stored: StoredHead) {
        let id = stored.head.id;
        let known = self.heads.get(&id).map(|known| &known.head);
        if let Some(known) = known.filter(|known| known.attempt == stored.head.attempt)
            && stored.head.remote.is_none()
        {
            stored.head.remote.clone_from(&known.remote);
        }
        self.heads.insert(id, stored);
    }
}

pub(super) fn bodiless(id: TaskId) -> StoreError {
    rows::unreadable(format_args!("task {id} has no body"))
}

/// Reads the columns of `REMOTES`.
pub(super) fn by_task(found: &[Row]) -> Result<HashMap<TaskId, Box<Remote>>> {
    let remotes = found.iter();
    remotes
        .map(|row| Ok((rows::task_id(row, 0)?, remote(row, 1)?)))
        .collect()
}

/// Reads the columns of a remote attempt, the first of which is at `from`.
fn remote(row: &Row, from: usize) -> Result<Box<Remote>> {
    let retry: Option<&str> = rows::get(row, from + 9)?;
    Ok(Box::new(Remote {
        attempt: rows::small(row, from)?,
        request: bytes(row, from + 1)?,
        salt: bytes(row, from + 2)?,
        lease: bytes(row, from + 3)?,
        lease_ms: rows::number(row, from + 4)?,
        output_bytes: rows::number(row, from + 5)?,
        timeout_ms: rows::number(row, from + 6)?,
        limit_at: rows::moment(row, from + 7)?,
        ends_at: rows::moment(row, from + 8)?,
        retry: retry.map(rows::json).transpose()?,
        ended: rows::get(row, from + 10)?,
    }))
}

fn bytes<const LENGTH: usize>(row: &Row, index: usize) -> Result<[u8; LENGTH]> {
    let stored: &[u8] = rows::get(row, index)?;
    stored.try_into().map_err(rows::unreadable)
}

/// Remote attempts that have changed.
#[derive(Default)]
pub(super) struct Remotes {
    tasks: Vec<Uuid>,
    attempts: Vec<i32>,
    requests: Vec<Vec<u8>>,
    salts: Vec<Vec<u8>>,
    leases: Vec<Vec<u8>>,
    lease_ms: Vec<i64>,
    output_bytes: Vec<i64>,
    timeouts: Vec<i64>,
    limit_at: Vec<i64>,
    ends_at: Vec<i64>,
    retries: Vec<Option<String>>,
    ended: Vec<bool>,
    due_at: Vec<Option<i64>>,
}

impl Remotes {
    pub(super) fn add(&mut self, stored: &StoredHead) -> Result<()> {
        let head = &stored.head;
        let Some(remote) = head.remote.as_deref() else {
            return Ok(());
        };
        let due_at = remote.due_at(head.lease_expires_at);
        self.tasks.push(head.id.0);
        self.attempts.push(narrow(remote.attempt));
        self.requests.push(remote.request.to_vec());
        self.salts.push(remote.salt.to_vec());
        self.leases.push(remote.lease.to_vec());
        self.lease_ms.push(signed(remote.lease_ms));
        self.output_bytes.push(signed(remote.output_bytes));
        self.timeouts.push(signed(remote.timeout_ms));
        self.limit_at.push(remote.limit_at.as_millis());
        self.ends_at.push(remote.ends_at.as_millis());
        self.retries
            .push(remote.retry.as_ref().map(json_text).transpose()?);
        self.ended.push(remote.ended);
        self.due_at.push(due_at.map(Timestamp::as_millis));
        Ok(())
    }

    pub(super) async fn store(
        &self,
        connected: &Connected<WriterStatements>,
    ) -> std::result::Result<(), Error> {
        let (client, its) = (&connected.client, &connected.statements);
        let stored = async {
            client
                .execute(
                    &its.save_remotes,
                    &[
                        &self.tasks,
                        &self.attempts,
                        &self.requests,
                        &self.salts,
                        &self.leases,
                        &self.lease_ms,
                        &self.output_bytes,
                        &self.timeouts,
                        &self.limit_at,
                        &self.ends_at,
                        &self.retries,
                        &self.ended,
                        &self.due_at,
                    ],
                )
                .await
        };
        when(!self.tasks.is_empty(), stored).await.map(drop)
    }
}

/// Stores what kinds are offered, in their order and after everything else, so that no two batches
/// wait for each other in a ring.
pub(super) async fn save_kinds(
    connected: &Connected<WriterStatements>,
    offers: &BTreeMap<String, Offer>,
    now: Timestamp,
) -> std::result::Result<(), Error> {
    let (mut kinds, mut schemas, mut descriptions, mut workers) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for offer in offers.values() {
        kinds.push(offer.kind.as_str());
        schemas.push(offer.schema.as_deref());
        descriptions.push(escaped(&offer.description));
        workers.push(offer.worker.as_str());
    }
    let descriptions: Vec<&str> = descriptions.iter().map(AsRef::as_ref).collect();
    let (client, its) = (&connected.client, &connected.statements);
    let stored = async {
        client
            .execute(
                &its.save_kinds,
                &[&kinds, &schemas, &descriptions, &workers, &now.as_millis()],
            )
            .await
    };
    when(!offers.is_empty(), stored).boxed().await.map(drop)
}

/// Every kind that a worker has offered, by name.
pub(super) async fn kinds(reader: &Reader) -> Result<Vec<OfferedKind>> {
    let (client, its) = (&reader.client, &reader.statements);
    let found = client.query(&its.kinds, &[]).await?;
    let kinds = found.iter().map(|row| {
        Ok(OfferedKind {
            offer: Offer {
                kind: rows::get(row, 0)?,
                schema: rows::get(row, 1)?,
                description: rows::free_text(row, 2)?.unwrap_or_default(),
                worker: rows::get(row, 3)?,
            },
            offered_at: rows::moment(row, 4)?,
        })
    });
    kinds.collect()
}

/// How many tasks of each kind are queued.
pub(super) async fn queued_by_kind(reader: &Reader) -> Result<Vec<(String, u64)>> {
    let (client, its) = (&reader.client, &reader.statements);
    let found = client.query(&its.queued_by_kind, &[]).await?;
    let counts = found.iter();
    counts
        .map(|row| Ok((rows::get(row, 0)?, rows::number(row, 1)?)))
        .collect()
}

/// When a remote attempt has to be looked after next, and the moment of the database's clock.
pub(super) async fn next_end(reader: &Reader) -> Result<(Option<Timestamp>, Timestamp)> {
    let (client, its) = (&reader.client, &reader.statements);
    let found = client.query_one(&its.next_remote_end, &[]).await?;
    Ok((rows::optional_moment(&found, 0)?, rows::moment(&found, 1)?))
}
