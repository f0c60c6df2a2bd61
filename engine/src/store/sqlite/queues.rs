//! The settings of queues: read once, then known by heart by the one writer.

use std::collections::HashMap;

use glassworks_protocol::{Queue, QueueSettings, RateLimit, State, StateCounts, Timestamp};
use rusqlite::{Connection, Row, params};

use super::rows::Stored;
use super::sql;
use super::statements::Statements;
use crate::store::allowance::{Allowance, Pace, allowance};
use crate::store::counts::Counts;

/// The settings of the queues that have any, and how far each is ahead of its rate.
#[derive(Default)]
pub(super) struct Queues(HashMap<String, (QueueSettings, Pace)>);

impl Queues {
    /// Forgets what is not committed and reads what is stored.
    pub(super) fn read(&mut self, statements: &mut Statements<'_>) -> rusqlite::Result<()> {
        self.0 = statements
            .all_queues
            .query_map([], |row| {
                let (name, settings) = settings(row)?;
                Ok((name, (settings, Pace(row.get(6)?))))
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(())
    }

    pub(super) fn save(
        &mut self,
        name: &str,
        settings: QueueSettings,
        now: Timestamp,
        statements: &mut Statements<'_>,
    ) -> rusqlite::Result<()> {
        let mut pace = self.0.get(name).map_or(Pace::default(), |(_, pace)| *pace);
        if let Some(rate) = settings.rate {
            pace = pace.within(rate, now);
        }
        statements.save_queue.execute(params![
            name,
            settings.paused,
            settings.concurrency,
            settings.max_running,
            settings.rate.map(|rate| rate.tasks),
            settings.rate.map(|rate| rate.per_ms),
            pace.0,
            settings.paused_until.map(Timestamp::as_millis),
        ])?;
        self.0.insert(name.to_owned(), (settings, pace));
        Ok(())
    }

    /// Sees to it that `queue` waits no longer than its rate asks, after a clock was set back.
    pub(super) fn settle(
        &mut self,
        queue: &str,
        now: Timestamp,
        statements: &mut Statements<'_>,
    ) -> rusqlite::Result<()> {
        let Some((settings, pace)) = self.0.get_mut(queue) else {
            return Ok(());
        };
        if let Some(rate) = settings.rate
            && pace.within(rate, now) != *pace
        {
            *pace = pace.within(rate, now);
            statements.save_pace.execute(params![queue, pace.0])?;
        }
        Ok(())
    }

    /// How many tasks `queue` may start now. There is one node, so what runs, runs here.
    pub(super) fn allowance(&self, queue: &str, counts: &Counts, now: Timestamp) -> Allowance {
        let (settings, pace) = self.0.get(queue).copied().unwrap_or_default();
        let running = counts.get(queue, State::Running);
        allowance(&settings, pace, running, running, now)
    }

    /// Notes that `tasks` of `queue` start now.
    pub(super) fn start(
        &mut self,
        queue: &str,
        tasks: u32,
        now: Timestamp,
        statements: &mut Statements<'_>,
    ) -> rusqlite::Result<()> {
        let Some((settings, pace)) = self.0.get_mut(queue) else {
            return Ok(());
        };
        if let Some(rate) = settings.rate {
            *pace = pace.after(rate, tasks, now);
            statements.save_pace.execute(params![queue, pace.0])?;
        }
        Ok(())
    }
}

/// Every queue that has tasks or settings, by name.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<Queue>> {
    let mut queues: HashMap<String, (QueueSettings, StateCounts)> = HashMap::new();
    let mut statement = connection.prepare_cached(sql::ALL_QUEUES)?;
    for queue in statement.query_map([], settings)? {
        let (name, settings) = queue?;
        queues.entry(name).or_default().0 = settings;
    }
    let mut statement = connection.prepare_cached(sql::ALL_COUNTS)?;
    let mut counts = statement.query([])?;
    while let Some(row) = counts.next()? {
        let Stored(state) = row.get(2)?;
        let queue = queues.entry(row.get(0)?).or_default();
        *queue.1.get_mut(state) += row.get::<_, u64>(3)?;
    }
    let mut queues: Vec<Queue> = queues
        .into_iter()
        .map(|(name, (settings, tasks))| Queue {
            name,
            settings,
            tasks,
        })
        .collect();
    queues.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(queues)
}

fn settings(row: &Row<'_>) -> rusqlite::Result<(String, QueueSettings)> {
    let tasks: Option<u32> = row.get(4)?;
    let per_ms: Option<u32> = row.get(5)?;
    let until: Option<Stored<Timestamp>> = row.get(7)?;
    let settings = QueueSettings {
        paused: row.get(1)?,
        paused_until: until.map(|Stored(at)| at),
        concurrency: row.get(2)?,
        max_running: row.get(3)?,
        rate: tasks
            .zip(per_ms)
            .map(|(tasks, per_ms)| RateLimit { tasks, per_ms }),
    };
    Ok((row.get(0)?, settings))
}
