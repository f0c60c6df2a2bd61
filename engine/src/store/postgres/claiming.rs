//! Claims and leases: who runs what, and until when.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures::{FutureExt, try_join};
use glassworks_protocol::{QueueSettings, RetryPolicy, State, TaskId, Timestamp};
use uuid::Uuid;

use super::batch::Batch;
use super::changes::ask;
use super::fault::Failed;
use super::rows::{self, StoredHead};
use super::{queues, remote};
use crate::store::allowance::{Allowance, allowance};
use crate::store::decision::{self, Head};
use crate::store::write::{Claim, Claimed, Lease, Lost, Outcome, RenewedLease};

/// How many due tasks one claim moves to the queue at most; the rest follow with the next.
const PROMOTED_AT_A_TIME: u32 = 1_000;
/// When to look again for what another transaction holds, in milliseconds.
const HELD_FOR_MS: i64 = 100;

/// How many tasks of a queue run.
#[derive(Clone, Copy, Default)]
struct Running {
    everywhere: u64,
    here: u64,
}

/// What a queue lets start now.
struct Lane {
    queue: String,
    kinds: Vec<String>,
    /// How many are queued, of these kinds.
    waiting: u64,
    /// How many of them may start.
    allowed: u32,
}

/// What a run needs of a task beside its head.
pub(super) struct Body {
    /// As JSON text.
    payload: String,
    retry: Option<RetryPolicy>,
    traceparent: Option<String>,
}

impl Body {
    /// What the run of the task needs whose attempt `head` makes.
    pub(super) fn claimed(self, stored: &StoredHead, head: &Head, lease: Option<Lease>) -> Claimed {
        Claimed {
            id: head.id,
            kind: stored.kind.clone(),
            payload: self.payload,
            attempt: head.attempt,
            run_at: head.run_at,
            timeout_ms: stored.timeout_ms,
            retry: self.retry,
            traceparent: self.traceparent,
            counted_attempts: head.counted_attempts(),
            lease,
        }
    }
}

impl Batch<'_> {
    pub(super) async fn claim(&mut self, claim: &Claim) -> Result<Outcome, Failed> {
        if let Some(remote) = &claim.remote {
            let tasks = self.claimed_before(claim, remote).boxed().await?;
            if !tasks.is_empty() {
                return Ok(Outcome::Claimed {
                    tasks,
                    next_due: None,
                    more: true,
                });
            }
        }
        let mut more = self.promote().boxed().await?;
        let running = self.limits_of(claim).boxed().await?;
        let lanes = self.lanes(claim, &running);
        let allowed = |lane: &Lane| lane.waiting.min(lane.allowed.into());
        let startable: u64 = lanes.iter().map(allowed).sum();
        more |= startable > claim.room.into();
        let (chosen, next_due, held) = self.choose(claim, &lanes).boxed().await?;
        let tasks = self.take(claim, &chosen).boxed().await?;
        more |= tasks.len() < chosen.len();
        let mut starts: BTreeMap<String, u32> = BTreeMap::new();
        for task in &tasks {
            if let Some(stored) = self.heads.get(&task.id) {
                *starts.entry(stored.queue.clone()).or_default() += 1;
            }
        }
        for (queue, tasks) in &starts {
            self.start(queue, *tasks);
        }
        // Asked after these starts, which may have been the last that a rate allows for now.
        let next_start = self
            .counts
            .queued(&claim.served)
            .iter()
            .filter_map(|(queue, _)| {
                let running = running.get(queue).copied().unwrap_or_default();
                let started = starts.get(queue).copied().unwrap_or_default();
                self.allowance(queue, running, started).next
            })
            .min();
        let again = held.then(|| self.now.plus_millis(HELD_FOR_MS));
        // What is left, others may take now.
        self.news.claimed(more);
        let next_due = [next_due, next_start, again].into_iter().flatten().min();
        Ok(Outcome::Claimed {
            tasks,
            next_due: next_due.map(|at| at.plus_millis(self.clock_ahead_ms)),
            more,
        })
    }

    /// Queues what is due. Whether there may be more of it.
    async fn promote(&mut self) -> Result<bool, Failed> {
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let (now, limit) = (self.now.as_millis(), i64::from(PROMOTED_AT_A_TIME));
        let (heads, events) = (&self.heads, &self.committed.events);
        let flushed = self.pending.flush(self.connected, heads, events, false);
        // In this order, so that the questions see what was stored.
        let ((), misset, due) = try_join!(
            flushed.boxed(),
            async {
                let found = client.query(&its.heads_misset, &[&now, &limit]).await;
                found.map_err(Failed::from)
            },
            async {
                let found = client.query(&its.heads_due, &[&now, &limit]).await;
                found.map_err(Failed::from)
            },
        )?;
        for row in &misset {
            let stored = rows::head(row)?;
            let mut head = stored.head.clone();
            let effects = head.resettle(self.now);
            self.hold(stored);
            self.keep(head, effects);
        }
        // Whoever waits for work of another sort than this claim's may find some.
        self.committed.wake |= !due.is_empty();
        for row in &due {
            let stored = rows::head(row)?;
            let mut head = stored.head.clone();
            if let Ok(effects) = head.due(self.now) {
                self.hold(stored);
                self.keep(head, effects);
            }
        }
        if !misset.is_empty() || !due.is_empty() {
            self.flush(false).await?;
        }
        Ok(due.len() == PROMOTED_AT_A_TIME as usize)
    }

    /// How many run of the queues that are limited and may start something. Whoever starts tasks of
    /// a queue that is limited over all nodes holds its row until it has committed.
    async fn limits_of(&mut self, claim: &Claim) -> Result<HashMap<String, Running>, Failed> {
        let waiting = self.counts.queued(&claim.served);
        let settings = |name: &String| self.queues.get(name).map(|(settings, _)| *settings);
        let has = |limits: fn(&QueueSettings) -> bool| -> Vec<String> {
            let names = waiting.iter().map(|(name, _)| name);
            names
                .filter(|name| {
                    settings(name).is_some_and(|its| !its.is_paused(self.now) && limits(&its))
                })
                .cloned()
                .collect()
        };
        let locked = has(|its| its.max_running.is_some() || its.rate.is_some());
        let counted = has(|its| its.max_running.is_some() || its.concurrency.is_some());
        let mut running = HashMap::new();
        if locked.is_empty() && counted.is_empty() {
            return Ok(running);
        }
        // What this batch has claimed before is counted too.
        self.flush(true).await?;
        let (client, its) = (&self.connected.client, &self.connected.statements);
        // The second sees what was committed before the locks were given.
        let (settings, found) = try_join!(
            ask(!locked.is_empty(), async {
                client.query(&its.lock_queues, &[&locked]).await
            }),
            ask(!counted.is_empty(), async {
                client
                    .query(&its.running_in, &[&counted, &claim.node])
                    .await
            }),
        )?;
        for row in &settings {
            let (name, settings, pace) = queues::settings(row)?;
            self.queues.insert(name, (settings, pace));
        }
        for row in &found {
            let counted = Running {
                everywhere: rows::number(row, 1)?,
                here: rows::number(row, 2)?,
            };
            running.insert(rows::get(row, 0)?, counted);
        }
        Ok(running)
    }

    /// What each queue lets start now.
    fn lanes(&mut self, claim: &Claim, running: &HashMap<String, Running>) -> Vec<Lane> {
        let mut lanes = Vec::new();
        for (queue, kinds) in self.counts.queued(&claim.served) {
            self.settle(&queue);
            let running = running.get(&queue).copied().unwrap_or_default();
            let waiting = kinds
                .iter()
                .map(|kind| self.counts.get_of_kind(&queue, kind, State::Queued));
            lanes.push(Lane {
                waiting: waiting.sum(),
                allowed: self.allowance(&queue, running, 0).tasks,
                queue,
                kinds,
            });
        }
        lanes
    }

    /// How many tasks a queue may start now, when `started` have started beside those that run.
    fn allowance(&self, queue: &str, running: Running, started: u32) -> Allowance {
        let (settings, pace) = self.queues.get(queue).copied().unwrap_or_default();
        let started = u64::from(started);
        allowance(
            &settings,
            pace,
            running.here + started,
            running.everywhere + started,
            self.now,
        )
    }

    /// The tasks to start, in order; when the next one is due; and whether some that could be
    /// started are held by another transaction.
    async fn choose(
        &mut self,
        claim: &Claim,
        lanes: &[Lane],
    ) -> Result<(Vec<TaskId>, Option<Timestamp>, bool), Failed> {
        let (mut names, mut kinds, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
        for lane in lanes {
            let wants = lane.allowed.min(claim.room);
            for kind in lane.kinds.iter().filter(|_| wants > 0) {
                names.push(lane.queue.as_str());
                kinds.push(kind.as_str());
                wanted.push(i64::from(wants));
            }
        }
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let (found, next_due) = try_join!(
            ask(!names.is_empty(), async {
                client
                    .query(&its.heads_queued, &[&names, &kinds, &wanted])
                    .await
            }),
            client.query_one(&its.next_due, &[]),
        )?;
        for row in &found {
            self.hold(rows::head(row)?);
        }
        let stored: HashSet<TaskId> = found
            .iter()
            .map(|row| rows::task_id(row, 0))
            .collect::<Result<_, _>>()?;
        let unstored = self.pending.new.iter().map(|new| new.id);
        let could: Vec<&StoredHead> = stored
            .iter()
            .copied()
            .chain(unstored)
            .filter_map(|id| self.heads.get(&id))
            .filter(|stored| stored.head.state == State::Queued)
            .collect();
        let mut chosen = Vec::new();
        let mut held = false;
        for lane in lanes {
            let wants = lane.allowed.min(claim.room) as usize;
            let mut of_lane: Vec<_> = could
                .iter()
                .filter(|one| one.queue == lane.queue && lane.kinds.contains(&one.kind))
                .map(|one| (one.priority, one.head.run_at, one.head.id))
                .collect();
            held |= (of_lane.len() as u64) < lane.waiting.min(wants as u64);
            of_lane.sort_unstable();
            of_lane.truncate(wants);
            chosen.extend(of_lane);
        }
        chosen.sort_unstable();
        chosen.truncate(claim.room as usize);
        let chosen = chosen.into_iter().map(|(_, _, id)| id).collect();
        let unstored = self.pending.new.iter();
        let unstored = unstored
            .filter_map(|new| self.heads.get(&new.id))
            .filter(|stored| stored.head.state == State::Scheduled)
            .map(|stored| stored.head.run_at);
        let next_due = rows::optional_moment(&next_due, 0)?
            .into_iter()
            .chain(unstored)
            .min();
        Ok((chosen, next_due, held))
    }

    /// Starts an attempt of each of `chosen`, as far as the claim takes their payloads.
    async fn take(&mut self, claim: &Claim, chosen: &[TaskId]) -> Result<Vec<Claimed>, Failed> {
        let most_bytes = claim.remote.as_ref().map_or(u64::MAX, |it| it.max_bytes);
        let mut bodies = self.bodies(chosen, most_bytes).await?;
        let mut bytes = 0;
        let mut tasks = Vec::with_capacity(chosen.len());
        for id in chosen {
            if bytes >= most_bytes {
                break;
            }
            let Some(stored) = self.heads.get_mut(id) else {
                continue;
            };
            let body = bodies.remove(id).ok_or_else(|| remote::bodiless(*id))?;
            let mut head = stored.head.clone();
            let of_task = (stored.timeout_ms, body.retry);
            let Ok((effects, lease)) = claim.start(&mut head, of_task, self.now) else {
                continue;
            };
            stored.node = Some(claim.node.clone());
            bytes += body.payload.len() as u64;
            tasks.push(body.claimed(stored, &head, lease));
            self.keep(head, effects);
            self.pending.forget_progress(*id);
        }
        Ok(tasks)
    }

    /// What the runs of `tasks` need, until their payloads have `most_bytes` together.
    pub(super) async fn bodies(
        &self,
        tasks: &[TaskId],
        most_bytes: u64,
    ) -> Result<HashMap<TaskId, Body>, Failed> {
        let mut wanted: BTreeSet<TaskId> = tasks.iter().copied().collect();
        let mut bodies = HashMap::with_capacity(tasks.len());
        for new in &self.pending.new {
            if wanted.remove(&new.id) {
                let body = Body {
                    payload: new.payload.clone(),
                    retry: new.retry,
                    traceparent: new.traceparent.clone(),
                };
                bodies.insert(new.id, body);
            }
        }
        let stored = tasks.iter().filter(|id| wanted.contains(id));
        let stored: Vec<Uuid> = stored.map(|id| id.0).collect();
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let most = rows::signed(most_bytes);
        let found = ask(!stored.is_empty(), async {
            client.query(&its.bodies, &[&stored, &most]).await
        });
        for row in &found.await? {
            let retry: Option<&str> = rows::get(row, 2)?;
            let body = Body {
                payload: rows::get(row, 1)?,
                retry: retry.map(rows::json).transpose()?,
                traceparent: rows::get(row, 3)?,
            };
            bodies.insert(rows::task_id(row, 0)?, body);
        }
        Ok(bodies)
    }

    pub(super) fn renew(&mut self, attempts: &[(TaskId, u32)], lease_ms: u64) -> Vec<RenewedLease> {
        let mut renewed = Vec::with_capacity(attempts.len());
        for (id, attempt) in attempts {
            let Some(stored) = self.heads.get(id) else {
                continue;
            };
            let mut head = stored.head.clone();
            if head.renew(self.now, *attempt, lease_ms).is_err() {
                continue;
            }
            renewed.push(RenewedLease {
                id: *id,
                attempt: *attempt,
                cancel_requested: head.cancel_requested,
            });
            self.keep(head, decision::Effects::default());
        }
        renewed
    }

    pub(super) async fn rescue(&mut self, lost: &Lost, limit: u32) -> Result<u32, Failed> {
        let (before, lease_ms, own) = match lost {
            Lost::All => (i64::MAX, None, &[][..]),
            Lost::Expired { lease_ms, held } => (self.now.as_millis(), Some(*lease_ms), &held[..]),
            Lost::Remote { roll } => return self.rescue_remote(*roll, limit).boxed().await,
        };
        let own: HashSet<(TaskId, u32)> = own.iter().copied().collect();
        let wanted = i64::from(limit).saturating_add(rows::signed(own.len() as u64));
        self.flush(true).await?;
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let found = client
            .query(&its.heads_expired, &[&before, &wanted])
            .await?;
        let mut rescued = 0;
        for row in &found {
            let stored = rows::head(row)?;
            let mut head = stored.head.clone();
            if own.contains(&(head.id, head.attempt)) {
                continue;
            }
            if rescued == limit {
                break;
            }
            let silent_ms = lease_ms.and_then(|lease_ms| head.silent_ms(self.now, lease_ms));
            let message = decision::lost(stored.node.as_deref(), silent_ms);
            let Ok(effects) = head.rescue(self.now, &message) else {
                continue;
            };
            self.hold(stored);
            self.keep(head, effects);
            self.committed.wake = true;
            rescued += 1;
        }
        Ok(rescued)
    }
}
