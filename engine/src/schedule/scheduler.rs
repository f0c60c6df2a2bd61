//! The loop that fires schedules.
//!
//! Every node runs it and there is no leader: a firing names the moment it is for, and the store
//! takes the first one and refuses the rest.

use std::sync::Arc;
use std::time::Duration;

use glassworks_protocol::{Actor, Schedule, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::cron::{Rule, submits};
use crate::error::Error;
use crate::error::log_store_error;
use crate::journal::Journal;
use crate::limits::Limits;
use crate::registry::Registry;
use crate::store::access::Caused;
use crate::store::{Firing, NewRow, Outcome, Store, Write};
use crate::submission;

/// A look is due after this long in any case: clocks are set, and other nodes change schedules.
const SLOW_POLL: Duration = Duration::from_secs(30);
/// How long to wait after a firing could not be stored.
const RETRY: Duration = Duration::from_secs(5);

/// What fires schedules.
pub(crate) struct Scheduler {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) journal: Journal,
    pub(crate) registry: Arc<Registry>,
    pub(crate) limits: Limits,
    /// Told when a schedule was made, changed or deleted.
    pub(crate) changed: Arc<Notify>,
    pub(crate) stop: CancellationToken,
}

impl Scheduler {
    /// Fires schedules until it is told to stop.
    pub(crate) async fn run(self) {
        loop {
            let wait = self.fire_due().await;
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.changed.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Fires what is due, and says how long to wait for the next.
    async fn fire_due(&self) -> Duration {
        let schedules = match self.store.schedules().await {
            Ok(schedules) => schedules,
            Err(error) => {
                log_store_error("schedules", &error);
                return RETRY;
            }
        };
        let mut wait = SLOW_POLL;
        for schedule in schedules {
            let mut next = schedule.next_fire_at;
            if let Some(due) = next {
                let moved = if due <= Timestamp::now() {
                    self.fire(&schedule, due).await
                } else {
                    self.settle(&schedule, due).await
                };
                let Some(after) = moved else {
                    wait = wait.min(RETRY);
                    continue;
                };
                next = after;
            }
            if let Some(next) = next {
                let ahead = next.millis_since(Timestamp::now());
                wait = wait.min(Duration::from_millis(u64::try_from(ahead).unwrap_or(0) + 1));
            }
        }
        wait
    }

    /// Fires one schedule for the moment `due`. Gives its next moment, if it has one; or `None`
    /// when the firing could not be stored and is to be tried again.
    async fn fire(&self, schedule: &Schedule, due: Timestamp) -> Option<Option<Timestamp>> {
        // A clock that is set back in between does not make it fire for this moment again.
        let now = Timestamp::now().max(due);
        let next = next_after(schedule, now);
        let (task, error) = match self.task(schedule, due, now) {
            Ok(task) => (task, None),
            Err(error) => {
                tracing::error!(schedule = %schedule.id, %error, "a firing submitted nothing");
                (None, Some(error.to_string()))
            }
        };
        let firing = Firing {
            schedule: schedule.id,
            due,
            next,
            task,
            error,
        };
        let caused = Caused {
            actor: Arc::new(Actor::schedule(schedule.id)),
            write: Write::Fire(Box::new(firing)),
        };
        match self.journal.commit(Write::By(Box::new(caused))).await {
            // Where another node fired it, its next moment is known all the same.
            Ok(Outcome::Fired(Ok(_))) => Some(next),
            Ok(Outcome::Fired(Err(refusal))) => {
                tracing::error!(schedule = %schedule.id, ?refusal, "a firing waits for room");
                None
            }
            _ => None,
        }
    }

    /// Brings a moment forward that lies further ahead than the rule allows, because a clock was
    /// set back since it was foretold. Gives the next moment; `None` when it could not be stored.
    async fn settle(&self, schedule: &Schedule, due: Timestamp) -> Option<Option<Timestamp>> {
        let next = next_after(schedule, Timestamp::now());
        // What it fired for while the clock was ahead, it does not fire for again.
        let next = next
            .filter(|next| schedule.last_fired_at == Some(*next))
            .map_or(next, |fired| next_after(schedule, fired));
        let Some(to) = next.filter(|next| *next < due) else {
            return Some(Some(due));
        };
        let write = Write::Reschedule {
            schedule: schedule.id,
            from: due,
            to,
        };
        match self.journal.commit(write).await {
            Ok(Outcome::Rescheduled(_)) => {
                tracing::warn!(schedule = %schedule.id, %due, %to,
                    "the clock was set back: the next firing is brought forward");
                Some(Some(to))
            }
            _ => None,
        }
    }

    /// What a firing submits, if anything.
    fn task(
        &self,
        schedule: &Schedule,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<Option<NewRow>, Error> {
        if !submits(schedule, due, now) {
            return Ok(None);
        }
        let row = submission::check(&schedule.task, &self.registry, &self.limits, now)?;
        Ok(Some(NewRow {
            schedule_id: Some(schedule.id),
            ..row
        }))
    }
}

fn next_after(schedule: &Schedule, moment: Timestamp) -> Option<Timestamp> {
    let rule = Rule::read(&schedule.cron, &schedule.time_zone).ok()?;
    rule.next(moment)
}
