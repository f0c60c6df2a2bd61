//! Queues and schedules.

use glassworks_protocol::{NewSchedule, Queue, QueueSettings, Schedule, Timestamp};
use uuid::Uuid;

use super::Engine;
use super::answers::{answer, unexpected};
use crate::error::Error;
use crate::schedule::Rule;
use crate::store::{Outcome, Write};
use crate::submission;

impl Engine {
    /// Every queue that has tasks or settings, by name.
    pub async fn queues(&self) -> Result<Vec<Queue>, Error> {
        answer("queues", self.0.store.queues().await)
    }

    /// Sets how a queue may be used, whether it has tasks yet or not. When this returns, it is
    /// on the disk; attempts that run already go on.
    pub async fn set_queue(&self, name: &str, settings: QueueSettings) -> Result<(), Error> {
        submission::check_queue(name, &settings)?;
        let write = Write::SaveQueue {
            name: name.to_owned(),
            settings,
        };
        match self.0.journal.commit(write).await? {
            Outcome::QueueSaved => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Every schedule, oldest first.
    pub async fn schedules(&self) -> Result<Vec<Schedule>, Error> {
        answer("schedules", self.0.store.schedules().await)
    }

    /// Makes a schedule. When this returns, it is on the disk.
    pub async fn create_schedule(&self, new: NewSchedule) -> Result<Schedule, Error> {
        let now = Timestamp::now();
        let rule = submission::check_schedule(&new, &self.0.registry, &self.0.options.limits, now)?;
        self.save_schedule(Schedule {
            id: Uuid::now_v7(),
            cron: new.cron,
            time_zone: new.time_zone,
            task: new.task,
            missed: new.missed,
            paused: new.paused,
            created_at: now,
            last_fired_at: None,
            next_fire_at: rule.next(now).filter(|_| !new.paused),
            error: None,
        })
        .await
    }

    /// Pauses a schedule or sets it going again; what it missed meanwhile is not caught up.
    pub async fn pause_schedule(&self, id: Uuid, paused: bool) -> Result<Schedule, Error> {
        let found = self.schedules().await?.into_iter().find(|s| s.id == id);
        let mut schedule = found.ok_or(Error::NoSchedule(id))?;
        let rule = Rule::read(&schedule.cron, &schedule.time_zone).map_err(Error::Invalid)?;
        schedule.paused = paused;
        schedule.next_fire_at = rule.next(Timestamp::now()).filter(|_| !paused);
        self.save_schedule(schedule).await
    }

    /// Forgets a schedule. The tasks that it submitted stay.
    pub async fn delete_schedule(&self, id: Uuid) -> Result<(), Error> {
        match self.0.journal.commit(Write::DeleteSchedule(id)).await? {
            Outcome::ScheduleDeleted(true) => Ok(()),
            Outcome::ScheduleDeleted(false) => Err(Error::NoSchedule(id)),
            other => Err(unexpected(&other)),
        }
    }

    async fn save_schedule(&self, schedule: Schedule) -> Result<Schedule, Error> {
        let write = Write::SaveSchedule(Box::new(schedule.clone()));
        match self.0.journal.commit(write).await? {
            Outcome::ScheduleSaved => {
                self.0.schedules_changed.notify_one();
                Ok(schedule)
            }
            other => Err(unexpected(&other)),
        }
    }
}
