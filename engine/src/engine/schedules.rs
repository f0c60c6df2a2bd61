//! Schedules: made, changed, paused, forgotten, and when they fire next.

use std::cmp::Reverse;

use glassworks_protocol::{
    FieldError, FiringTime, NewSchedule, NewTask, Schedule, TaskFilter, TaskSummary, Timestamp,
};
use uuid::Uuid;

use super::Engine;
use super::answers::{answer, unexpected};
use super::reading::within;
use super::submitting::{RequestContext, Submitted};
use crate::error::Error;
use crate::schedule::{self, Rule};
use crate::store::{Outcome, Write};

/// The most firings that are foretold at once.
const MOST_FIRINGS: u32 = 100;
/// The most tasks of a schedule that are told at once.
const MOST_TASKS: u32 = 100;

impl Engine {
    /// Every schedule whose tasks whoever asks has to do with, oldest first.
    pub async fn schedules(&self) -> Result<Vec<Schedule>, Error> {
        let mut schedules = answer("schedules", self.0.store.schedules().await)?;
        if !self.reaches_all() {
            schedules.retain(|schedule| {
                let task = &schedule.task;
                let queue = task.queue.as_deref().unwrap_or(NewTask::DEFAULT_QUEUE);
                self.reaches(&task.kind, queue)
            });
        }
        Ok(schedules)
    }

    /// One schedule as it stands.
    pub async fn schedule(&self, id: Uuid) -> Result<Schedule, Error> {
        let found = self.schedules().await?.into_iter().find(|s| s.id == id);
        found.ok_or(Error::NoSchedule(id))
    }

    /// Makes a schedule. When this returns, it is on the disk.
    pub async fn create_schedule(&self, new: NewSchedule) -> Result<Schedule, Error> {
        let _turn = self.0.changing.lock().await;
        self.make_schedule(Uuid::now_v7(), new).await
    }

    /// Makes the schedule `id`, or puts `new` in its place when it is there: what is sent twice
    /// makes one.
    pub async fn put_schedule(&self, id: Uuid, new: NewSchedule) -> Result<Schedule, Error> {
        let _turn = self.0.changing.lock().await;
        let all = answer("schedules", self.0.store.schedules().await)?;
        if all.iter().any(|schedule| schedule.id == id) {
            self.change_schedule(id, new).await
        } else {
            self.make_schedule(id, new).await
        }
    }

    async fn make_schedule(&self, id: Uuid, new: NewSchedule) -> Result<Schedule, Error> {
        let limit = self.0.options.limits.schedules;
        if self.schedules().await?.len() >= limit {
            let detail = format!("there are {limit} schedules, which is the limit");
            return Err(Error::Invalid(vec![FieldError::new("", detail)]));
        }
        self.save_checked(Schedule {
            id,
            cron: new.cron,
            time_zone: new.time_zone,
            task: new.task,
            missed: new.missed,
            paused: new.paused,
            created_at: Timestamp::now(),
            last_fired_at: None,
            next_fire_at: None,
            error: None,
        })
        .await
    }

    /// Puts `new` in the place of what a schedule was; it keeps its id and its past. When this
    /// returns, it is on the disk.
    pub async fn replace_schedule(&self, id: Uuid, new: NewSchedule) -> Result<Schedule, Error> {
        let _turn = self.0.changing.lock().await;
        self.change_schedule(id, new).await
    }

    async fn change_schedule(&self, id: Uuid, new: NewSchedule) -> Result<Schedule, Error> {
        let before = self.schedule(id).await?;
        self.save_checked(Schedule {
            cron: new.cron,
            time_zone: new.time_zone,
            task: new.task,
            missed: new.missed,
            paused: new.paused,
            error: None,
            ..before
        })
        .await
    }

    /// Pauses a schedule or sets it going again; what it missed meanwhile is not caught up.
    pub async fn pause_schedule(&self, id: Uuid, paused: bool) -> Result<Schedule, Error> {
        let _turn = self.0.changing.lock().await;
        let mut schedule = self.schedule(id).await?;
        schedule.paused = paused;
        // Its task is not checked: a schedule whose kind is gone must be pausable all the more.
        let rule = Rule::read(&schedule.cron, &schedule.time_zone).map_err(Error::Invalid)?;
        self.save_schedule(schedule, &rule).await
    }

    /// Forgets a schedule. The tasks that it submitted stay.
    pub async fn delete_schedule(&self, id: Uuid) -> Result<(), Error> {
        let _turn = self.0.changing.lock().await;
        match self.commit(Write::DeleteSchedule(id)).await? {
            Outcome::ScheduleDeleted(true) => Ok(()),
            Outcome::ScheduleDeleted(false) => Err(Error::NoSchedule(id)),
            other => Err(unexpected(&other)),
        }
    }

    /// Submits a schedule's task now, whatever its rule says and whether it is paused or not.
    ///
    /// `context` as for [`submit_as`](Engine::submit_as); not cancel safe, as that.
    pub async fn run_schedule(
        &self,
        id: Uuid,
        context: &RequestContext,
    ) -> Result<Submitted, Error> {
        let schedule = self.schedule(id).await?;
        self.submit_of(schedule.task, Some(id), context).await
    }

    /// The latest tasks of a schedule, newest first, at most `limit` (1 to 100): those that are kept
    /// still.
    pub async fn schedule_tasks(&self, id: Uuid, limit: u32) -> Result<Vec<TaskSummary>, Error> {
        within("limit", limit, MOST_TASKS)?;
        self.schedule(id).await?;
        let store = &self.0.store;
        let ids = answer("schedule_tasks", store.schedule_tasks(id, limit).await)?;
        let filter = self.within_reach(&TaskFilter::default());
        let mut tasks = answer("summaries_of", store.summaries_of(ids, filter).await)?;
        tasks.sort_by_key(|task| Reverse(task.id));
        Ok(tasks)
    }

    /// The next moments of a schedule's rule, at most `count` (1 to 100): when it fires, unless
    /// it is paused then.
    pub async fn firings(&self, id: Uuid, count: u32) -> Result<Vec<FiringTime>, Error> {
        let schedule = self.schedule(id).await?;
        self.foretell(&schedule.cron, &schedule.time_zone, count)
    }

    /// The next moments of a rule that may not be a schedule's yet, as [`firings`](Self::firings).
    pub fn foretell(
        &self,
        cron: &str,
        time_zone: &str,
        count: u32,
    ) -> Result<Vec<FiringTime>, Error> {
        within("count", count, MOST_FIRINGS)?;
        let rule = Rule::read(cron, time_zone).map_err(Error::Invalid)?;
        let firings = rule.firings(Timestamp::now());
        Ok(firings.take(count as usize).collect())
    }

    async fn save_checked(&self, schedule: Schedule) -> Result<Schedule, Error> {
        let (registry, limits) = (&self.0.registry, &self.0.options.limits);
        let rule = schedule::check(&schedule, registry, limits, Timestamp::now())?;
        self.save_schedule(schedule, &rule).await
    }

    /// Sees when a schedule is due next by its `rule`, and stores it.
    async fn save_schedule(&self, mut schedule: Schedule, rule: &Rule) -> Result<Schedule, Error> {
        schedule.next_fire_at = rule.next(Timestamp::now()).filter(|_| !schedule.paused);
        let write = Write::SaveSchedule(Box::new(schedule.clone()));
        match self.commit(write).await? {
            Outcome::ScheduleSaved => {
                self.0.schedules_changed.notify_one();
                Ok(schedule)
            }
            other => Err(unexpected(&other)),
        }
    }
}
