//! Keeping schedules, and firing each moment of one once.

use glassworks_protocol::{MissedFirings, NewTask, Schedule, TaskId, Timestamp};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::ledger::Ledger;
use super::rows::{Json, Stored, json};
use super::sql;
use crate::store::write::{Committed, Firing, Refusal};

impl Ledger<'_> {
    pub(super) fn save_schedule(&mut self, schedule: &Schedule) -> rusqlite::Result<()> {
        self.statements.save_schedule.execute(params![
            schedule.id.as_bytes(),
            schedule.cron,
            schedule.time_zone,
            json(&schedule.task)?,
            schedule.missed == MissedFirings::RunOnce,
            schedule.paused,
            schedule.created_at.as_millis(),
            schedule.last_fired_at.map(Timestamp::as_millis),
            schedule.next_fire_at.map(Timestamp::as_millis),
            schedule.error,
        ])?;
        Ok(())
    }

    /// Whether there was one.
    pub(super) fn delete_schedule(&mut self, id: Uuid) -> rusqlite::Result<bool> {
        let deleted = self.statements.delete_schedule.execute([id.as_bytes()])?;
        Ok(deleted > 0)
    }

    /// Whether the schedule waited for the moment `from`.
    pub(super) fn reschedule(
        &mut self,
        schedule: Uuid,
        from: Timestamp,
        to: Timestamp,
    ) -> rusqlite::Result<bool> {
        let moved = self.statements.reschedule.execute(params![
            schedule.as_bytes(),
            from.as_millis(),
            to.as_millis()
        ])?;
        Ok(moved > 0)
    }

    /// Whether this firing is the one for its moment: the first is, any other finds that the
    /// schedule has moved on.
    pub(super) fn fire(
        &mut self,
        firing: Firing,
        now: Timestamp,
        committed: &mut Committed,
    ) -> rusqlite::Result<Result<bool, Refusal>> {
        let key = firing
            .task
            .as_ref()
            .and_then(|task| task.unique_key.clone());
        let held = self.unfinished_with(key.as_deref(), committed)?;
        let task = firing.task.filter(|_| held.is_none());
        if let Some(task) = &task {
            let new = (task.queue.as_str(), task.unique_key.as_deref());
            if let Err(refusal) = self.counts.have_room_for([new].into_iter(), &self.limits) {
                return Ok(Err(refusal));
            }
        }
        let held = held.map(|id| {
            format!("nothing was submitted: the unfinished task {id} has the same unique key")
        });
        let moved = self.statements.move_schedule.execute(params![
            firing.schedule.as_bytes(),
            firing.due.as_millis(),
            firing.next.map(Timestamp::as_millis),
            firing.error.or(held),
        ])?;
        if moved == 0 {
            return Ok(Ok(false));
        }
        if let Some(task) = task {
            // There is room, as was asked above, so it is not refused.
            let submitted = self.submit(vec![task], now, committed)?;
            return Ok(submitted.map(|_| true));
        }
        Ok(Ok(true))
    }
}

/// Every schedule, oldest first.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<Schedule>> {
    connection
        .prepare_cached(sql::ALL_SCHEDULES)?
        .query_map([], schedule)?
        .collect()
}

/// The latest tasks of a schedule, newest first.
pub(super) fn tasks(
    connection: &Connection,
    schedule: Uuid,
    limit: u32,
) -> rusqlite::Result<Vec<TaskId>> {
    connection
        .prepare_cached(sql::SCHEDULE_TASKS)?
        .query_map(params![schedule.as_bytes(), limit], |row| {
            Ok(TaskId(Uuid::from_bytes(row.get(0)?)))
        })?
        .collect()
}

fn schedule(row: &Row<'_>) -> rusqlite::Result<Schedule> {
    let id: [u8; 16] = row.get(0)?;
    let Json(task): Json<NewTask> = row.get(3)?;
    let run_missed: bool = row.get(4)?;
    let moment = |index| -> rusqlite::Result<Option<Timestamp>> {
        let stored: Option<Stored<Timestamp>> = row.get(index)?;
        Ok(stored.map(|Stored(at)| at))
    };
    Ok(Schedule {
        id: Uuid::from_bytes(id),
        cron: row.get(1)?,
        time_zone: row.get(2)?,
        task,
        missed: if run_missed {
            MissedFirings::RunOnce
        } else {
            MissedFirings::Skip
        },
        paused: row.get(5)?,
        created_at: row.get(6).map(|Stored(at)| at)?,
        last_fired_at: moment(7)?,
        next_fire_at: moment(8)?,
        error: row.get(9)?,
    })
}
