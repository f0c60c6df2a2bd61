//! Keeping schedules, and firing each moment of one once.

use glassworks_protocol::{MissedFirings, Schedule, TaskId, Timestamp};
use tokio_postgres::Row;
use uuid::Uuid;

use super::batch::Batch;
use super::connect::Connected;
use super::fault::Failed;
use super::rows;
use super::statements::ReaderStatements;
use super::text::escaped;
use crate::store::StoreError;
use crate::store::write::{Firing, Refusal};

impl<'b> Batch<'b> {
    pub(super) async fn save_schedule(&mut self, schedule: &Schedule) -> Result<(), Failed> {
        self.news.schedules = true;
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let error = schedule.error.as_deref().map(escaped);
        client
            .execute(
                &its.save_schedule,
                &[
                    &schedule.id,
                    &schedule.cron,
                    &schedule.time_zone,
                    &rows::json_text(&schedule.task)?,
                    &(schedule.missed == MissedFirings::RunOnce),
                    &schedule.paused,
                    &schedule.created_at.as_millis(),
                    &schedule.last_fired_at.map(Timestamp::as_millis),
                    &schedule.next_fire_at.map(Timestamp::as_millis),
                    &error.as_deref(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Whether there was one.
    pub(super) async fn delete_schedule(&mut self, id: Uuid) -> Result<bool, Failed> {
        self.news.schedules = true;
        let (client, its) = (&self.connected.client, &self.connected.statements);
        Ok(client.execute(&its.delete_schedule, &[&id]).await? > 0)
    }

    /// Whether the schedule waited for the moment `from`.
    pub(super) async fn reschedule(
        &mut self,
        schedule: Uuid,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<bool, Failed> {
        self.news.schedules = true;
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let moved = client
            .execute(
                &its.reschedule,
                &[&schedule, &from.as_millis(), &to.as_millis()],
            )
            .await?;
        Ok(moved > 0)
    }

    /// Whether this firing is the one for its moment: the first is, any other finds that the
    /// schedule has moved on.
    pub(super) async fn fire(
        &mut self,
        firing: &'b Firing,
    ) -> Result<Result<bool, Refusal>, Failed> {
        let task = firing.task.as_ref();
        let held = self.unfinished_with(task.and_then(|task| task.unique_key.as_deref()));
        let task = task.filter(|_| held.is_none());
        if let Some(task) = task {
            let new = (task.queue.as_str(), task.unique_key.as_deref());
            if let Err(refusal) = self.counts.have_room_for([new].into_iter(), &self.limits) {
                return Ok(Err(refusal));
            }
        }
        let held = held.map(|id| {
            format!("nothing was submitted: the unfinished task {id} has the same unique key")
        });
        let error = firing.error.as_deref().or(held.as_deref()).map(escaped);
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let moved = client
            .execute(
                &its.move_schedule,
                &[
                    &firing.schedule,
                    &firing.due.as_millis(),
                    &firing.next.map(Timestamp::as_millis),
                    &error.as_deref(),
                ],
            )
            .await?;
        if moved == 0 {
            return Ok(Ok(false));
        }
        if let Some(task) = task {
            // There is room, as was asked above, so it is not refused.
            let submitted = self.submit(std::slice::from_ref(task));
            return Ok(submitted.map(|_| true));
        }
        Ok(Ok(true))
    }
}

/// The latest tasks of a schedule, newest first.
pub(super) async fn tasks(
    reader: &Connected<ReaderStatements>,
    schedule: Uuid,
    limit: u32,
) -> Result<Vec<TaskId>, StoreError> {
    let (client, its) = (&reader.client, &reader.statements);
    let limit = i64::from(limit);
    let found = client
        .query(&its.schedule_tasks, &[&schedule, &limit])
        .await?;
    let ids = found.iter().map(|row| rows::get(row, 0).map(TaskId));
    ids.collect()
}

/// Reads the columns of `SCHEDULES`.
pub(super) fn schedule(row: &Row) -> Result<Schedule, StoreError> {
    let run_missed: bool = rows::get(row, 4)?;
    Ok(Schedule {
        id: rows::get(row, 0)?,
        cron: rows::get(row, 1)?,
        time_zone: rows::get(row, 2)?,
        task: rows::json(rows::get(row, 3)?)?,
        missed: if run_missed {
            MissedFirings::RunOnce
        } else {
            MissedFirings::Skip
        },
        paused: rows::get(row, 5)?,
        created_at: rows::moment(row, 6)?,
        last_fired_at: rows::optional_moment(row, 7)?,
        next_fire_at: rows::optional_moment(row, 8)?,
        error: rows::free_text(row, 9)?,
    })
}
