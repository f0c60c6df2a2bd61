//! What remote workers ask for: tasks, beats, and ends of their attempts.

use std::collections::BTreeMap;
use std::time::Duration;

use glassworks_protocol::excerpt::quoted;
use glassworks_protocol::{
    AttemptStanding, AttemptStatus, Beat, BeatAnswer, ClaimAnswer, ClaimRequest, ClaimedTask,
    FinishedAttempt, JsonText, KindOrigin, KindStatus, TaskId, Timestamp, WorkerInfo,
};
use uuid::Uuid;

use super::Engine;
use super::answers::{answer, refused, unexpected};
use crate::access::Caller;
use crate::error::Error;
use crate::remote::grant::{Grant, Home};
use crate::remote::line::Asked;
use crate::remote::{WorkerCounts, add, check};
use crate::store::remote::{Report, Reported, Standing};
use crate::store::{Claimed, Outcome, Served, StoreFailure, Write};

/// What a worker is given. Unless its tasks are [kept](Self::keep) they go back to the queue when
/// this is dropped, without counting.
pub struct Granted {
    /// What the worker is told.
    pub answer: ClaimAnswer,
    grant: Grant,
}

impl Granted {
    /// The answer is on its way: from here on the leases of its tasks count.
    pub fn keep(mut self) {
        self.grant.keep();
    }
}

impl Engine {
    /// Gives a worker tasks of the kinds it serves, and waits for the first for as long as it asks.
    /// What the worker says of attempts that have ended is taken first.
    ///
    /// Cancel safe: what was granted to a caller that has gone is put back.
    pub async fn claim(&self, mut request: ClaimRequest) -> Result<Granted, Error> {
        let inner = &self.0;
        check::claim(&request, &inner.registry)?;
        self.keep_in_reach(&mut request)?;
        let finished = std::mem::take(&mut request.finished);
        let finished = if finished.is_empty() {
            Vec::new()
        } else {
            self.end_in(finished, "/finished").await?
        };
        if inner.closing.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        self.take_offers(&request).await?;
        let now = Timestamp::now();
        let mut kinds: Vec<String> = request.kinds.into_iter().map(|it| it.kind).collect();
        kinds.sort_unstable();
        let queues = request.queues.map(|mut queues| {
            queues.sort_unstable();
            queues.dedup();
            queues
        });
        let worker = request.worker;
        let drain = inner
            .workers
            .claims(&worker, kinds.clone(), queues.clone(), now);
        if let Some(from) = self.caller().and_then(Caller::from) {
            inner.workers.asks_from(&worker, from);
        }
        let mut grant = Grant::empty();
        if !drain {
            let asked = Asked {
                worker: worker.clone(),
                served: Served {
                    kinds: kinds.into(),
                    queues: queues.map(Into::into),
                },
                limit: request.limit,
                request: request.request_id.unwrap_or_else(secret),
                lease_ms: millis(inner.options.first_lease),
            };
            let wait = Duration::from_millis(request.wait_ms);
            grant = inner.line.claim(&self.home(), asked, wait).await?;
        }
        let counters = &inner.counters;
        if grant.tasks.is_empty() {
            add(&counters.empty_claims, 1);
        } else {
            add(&counters.claims, 1);
            add(&counters.claimed_tasks, grant.tasks.len());
        }
        let tasks = grant.tasks.iter();
        inner.workers.took(&worker, tasks.map(|task| task.id));
        for task in &grant.tasks {
            inner.tally.picked_up(task.run_at);
        }
        let answer = ClaimAnswer {
            tasks: grant.tasks.iter().filter_map(given).collect(),
            drain: drain || inner.workers.is_drained(&worker),
            finished,
        };
        Ok(Granted { answer, grant })
    }

    /// A key that is limited to kinds or queues claims no others.
    fn keep_in_reach(&self, request: &mut ClaimRequest) -> Result<(), Error> {
        let Some(reach) = self.caller().and_then(Caller::reach) else {
            return Ok(());
        };
        let kinds = request.kinds.iter().map(|offered| &offered.kind);
        if let Some(kind) = { kinds }.find(|kind| !reach.has_kind(kind)) {
            let kind = quoted(kind);
            return Err(Error::Forbidden(format!(
                "this key does not reach tasks of the kind {kind}"
            )));
        }
        if !reach.queues.is_empty() {
            let queues = request.queues.get_or_insert_with(|| reach.queues.clone());
            if let Some(queue) = queues.iter().find(|queue| !reach.has_queue(queue)) {
                let queue = quoted(queue);
                return Err(Error::Forbidden(format!(
                    "this key does not reach tasks in the queue {queue}"
                )));
            }
        }
        Ok(())
    }

    /// Keeps what a worker's attempts have done since its last beat, renews their leases, and says
    /// of each how it stands.
    pub async fn beat(&self, beat: Beat) -> Result<BeatAnswer, Error> {
        let inner = &self.0;
        let worker = beat.worker.clone();
        let reports = check::beat(beat)?;
        let tasks: Vec<TaskId> = reports.iter().map(|report| report.task).collect();
        let reported = match self.report(reports.clone()).await {
            // The leases are renewed all the same; what there is no room for is sent again.
            Err(Error::Unavailable(StoreFailure::Full)) => {
                let bare = reports.into_iter().map(|report| Report {
                    output: Vec::new(),
                    entries: Vec::new(),
                    ..report
                });
                self.report(bare.collect()).await?
            }
            reported => reported?,
        };
        add(&inner.counters.beats, 1);
        let held = tasks.iter().zip(&reported);
        let held: Vec<TaskId> = held
            .filter(|(_, it)| it.standing != Standing::Lost)
            .map(|(task, _)| *task)
            .collect();
        let drain = inner.workers.beats(&worker, &held, Timestamp::now());
        Ok(BeatAnswer {
            items: standings(&tasks, &reported),
            drain,
            lease_ms: millis(inner.options.lease),
        })
    }

    /// Ends attempts of workers, and says of each whether its end is stored. Saying the same again
    /// changes nothing.
    pub async fn end_attempts(
        &self,
        ended: Vec<FinishedAttempt>,
    ) -> Result<Vec<AttemptStanding>, Error> {
        if ended.is_empty() {
            return Err(check::fault("/items", "must be at least 1"));
        }
        self.end_in(ended, "/items").await
    }

    async fn end_in(
        &self,
        ended: Vec<FinishedAttempt>,
        place: &str,
    ) -> Result<Vec<AttemptStanding>, Error> {
        let inner = &self.0;
        let reports = check::ends(ended, place, inner.options.limits.result_bytes)?;
        let tasks: Vec<TaskId> = reports.iter().map(|report| report.task).collect();
        let reported = self.report(reports).await?;
        let over = tasks.iter().zip(&reported);
        let over = over.filter(|(_, it)| it.standing != Standing::Lost);
        inner.workers.ended(over.map(|(task, _)| *task));
        for ran_ms in reported.iter().filter_map(|it| it.ran_ms) {
            inner.tally.run.record(Duration::from_millis(ran_ms));
        }
        Ok(standings(&tasks, &reported))
    }

    async fn report(&self, reports: Vec<Report>) -> Result<Vec<Reported>, Error> {
        if reports.is_empty() {
            return Ok(Vec::new());
        }
        let write = Write::Report {
            reports,
            lease_ms: millis(self.0.options.lease),
        };
        match self.0.journal.commit(write).await? {
            Outcome::Reported(reported) => {
                let lost = reported.iter().filter(|it| it.standing == Standing::Lost);
                add(&self.0.counters.lost_leases, lost.count());
                Ok(reported)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Keeps which kinds a worker serves, where that is new.
    async fn take_offers(&self, request: &ClaimRequest) -> Result<(), Error> {
        let now = Timestamp::now();
        let offered = &self.0.registry.offered;
        let news = offered.news(&request.worker, &request.kinds, now);
        if news.is_empty() {
            return Ok(());
        }
        match self.0.journal.commit(Write::Offer(news.clone())).await? {
            Outcome::Offered(kept) => kept.map_err(refused)?,
            other => return Err(unexpected(&other)),
        }
        for offer in news {
            offered.took(offer, now);
        }
        Ok(())
    }

    /// The workers that this node has heard of in the last hour, by name.
    pub fn remote_workers(&self) -> Vec<WorkerInfo> {
        self.0.workers.list(Timestamp::now())
    }

    /// Asks a worker to end: it is given no more tasks, and told so with its next call. Or, with
    /// `drain` false, to go on.
    pub fn drain_worker(&self, id: Uuid, drain: bool) -> Result<WorkerInfo, Error> {
        let workers = &self.0.workers;
        workers
            .drain(id, drain, Timestamp::now())
            .ok_or(Error::NoWorker(id))
    }

    /// What workers have asked of this node since it started.
    pub fn worker_counts(&self) -> WorkerCounts {
        self.0.counters.read()
    }

    /// How many claims wait for a task.
    pub fn waiting_claims(&self) -> usize {
        self.0.line.len()
    }

    /// Every kind that can be submitted, by name, and who serves it.
    pub async fn kind_statuses(&self) -> Result<Vec<KindStatus>, Error> {
        let inner = &self.0;
        let now = Timestamp::now();
        let queued = answer("queued_by_kind", inner.store.queued_by_kind().await)?;
        let queued: BTreeMap<String, u64> = queued.into_iter().collect();
        let waiting = |kind: &str| queued.get(kind).copied().unwrap_or(0);
        let own = inner.registry.kinds().iter().map(|info| KindStatus {
            queued: waiting(&info.kind),
            info: info.clone(),
            origin: KindOrigin::BuiltIn,
            workers: Vec::new(),
            worker_last_seen_at: None,
        });
        let offered = inner.registry.offered.described().into_iter();
        let offered = offered
            .filter(|it| inner.registry.get(&it.info.kind).is_none())
            .map(|it| KindStatus {
                queued: waiting(&it.info.kind),
                workers: inner.workers.serving(&it.info.kind, now),
                info: it.info,
                origin: it.origin,
                worker_last_seen_at: it.seen_at,
            });
        let mut kinds: Vec<KindStatus> = own.chain(offered).collect();
        kinds.sort_by(|a, b| a.info.kind.cmp(&b.info.kind));
        Ok(kinds)
    }

    fn home(&self) -> Home {
        Home {
            journal: self.0.journal.clone(),
            counters: self.0.counters.clone(),
        }
    }
}

fn given(claimed: &Claimed) -> Option<ClaimedTask> {
    let lease = claimed.lease.as_ref()?;
    Some(ClaimedTask {
        task: claimed.id,
        kind: claimed.kind.clone(),
        attempt: claimed.attempt,
        lease: lease.token.clone(),
        lease_ms: lease.left_ms,
        // What is stored was accepted as JSON.
        payload: JsonText::parse(claimed.payload.clone()).ok()?,
        timeout_ms: claimed.timeout_ms,
        traceparent: claimed.traceparent.clone(),
    })
}

fn standings(tasks: &[TaskId], reported: &[Reported]) -> Vec<AttemptStanding> {
    let items = tasks.iter().zip(reported);
    items
        .map(|(task, reported)| AttemptStanding {
            task: *task,
            status: match reported.standing {
                Standing::Held => AttemptStatus::Ok,
                Standing::Cancelled => AttemptStatus::Cancel,
                Standing::Lost => AttemptStatus::Lost,
            },
            output_bytes: reported.output_bytes,
        })
        .collect()
}

/// What nobody can guess, for a claim that is not to be sent again.
fn secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
