//! Schedules: made, changed, paused, forgotten, and when they fire next.

use std::iter::successors;

use glassworks_protocol::{FieldError, NewSchedule, NewTask, Schedule, Timestamp};
use uuid::Uuid;

use super::Engine;
use super::answers::{answer, unexpected};
use super::reading::within;
use crate::error::Error;
use crate::schedule::{self, Rule};
use crate::store::{Outcome, Write};

/// The most firings that are foretold at once.
const MOST_FIRINGS: u32 = 100;

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
        let limit = self.0.options.limits.schedules;
        if self.schedules().await?.len() >= limit {
            let detail = format!("there are {limit} schedules, which is the limit");
            return Err(Error::Invalid(vec![FieldError::new("", detail)]));
        }
        self.save_checked(Schedule {
            id: Uuid::now_v7(),
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

    /// The next moments of a schedule's rule, at most `count` (1 to 100): when it fires, unless
    /// it is paused then.
    pub async fn firings(&self, id: Uuid, count: u32) -> Result<Vec<Timestamp>, Error> {
        within("count", count, MOST_FIRINGS)?;
        let schedule = self.schedule(id).await?;
        let rule = Rule::read(&schedule.cron, &schedule.time_zone).map_err(Error::Invalid)?;
        let first = rule.next(Timestamp::now());
        let moments = successors(first, |moment| rule.next(*moment));
        Ok(moments.take(count as usize).collect())
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
