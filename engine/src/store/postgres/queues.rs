//! The settings of queues.

use std::collections::BTreeMap;

use glassworks_protocol::{Queue, QueueSettings, RateLimit, StateCounts, Timestamp};
use tokio_postgres::Row;

use super::batch::Batch;
use super::fault::Failed;
use super::rows;
use crate::store::StoreError;
use crate::store::allowance::Pace;

impl Batch<'_> {
    pub(super) async fn save_queue(
        &mut self,
        name: &str,
        settings: &QueueSettings,
    ) -> Result<(), Failed> {
        // What was started of it by this batch moves the pace that is kept.
        self.flush(false).await?;
        let (client, its) = (&self.connected.client, &self.connected.statements);
        let known = client.query_opt(&its.lock_queues, &[&vec![name]]).await?;
        let known = known.as_ref().map(self::settings).transpose()?;
        let mut pace = known.map_or(Pace::default(), |(_, _, pace)| pace);
        if let Some(rate) = settings.rate {
            pace = pace.within(rate, self.now);
        }
        client
            .execute(
                &its.save_queue,
                &[
                    &name,
                    &settings.paused,
                    &settings.concurrency.map(i64::from),
                    &settings.max_running.map(i64::from),
                    &settings.rate.map(|rate| i64::from(rate.tasks)),
                    &settings.rate.map(|rate| i64::from(rate.per_ms)),
                    &pace.0,
                    &settings.paused_until.map(Timestamp::as_millis),
                ],
            )
            .await?;
        self.queues.insert(name.to_owned(), (*settings, pace));
        Ok(())
    }

    /// Sees to it that `queue` waits no longer than its rate asks, after a clock was set back.
    pub(super) fn settle(&mut self, queue: &str) {
        if let Some((settings, pace)) = self.queues.get_mut(queue)
            && let Some(rate) = settings.rate
            && pace.within(rate, self.now) != *pace
        {
            *pace = pace.within(rate, self.now);
            self.pending.paces.insert(queue.to_owned(), pace.0);
        }
    }

    /// Notes that `tasks` of `queue` start now.
    pub(super) fn start(&mut self, queue: &str, tasks: u32) {
        if let Some((settings, pace)) = self.queues.get_mut(queue)
            && let Some(rate) = settings.rate
        {
            *pace = pace.after(rate, tasks, self.now);
            self.pending.paces.insert(queue.to_owned(), pace.0);
        }
    }
}

/// Every queue that has tasks or settings, by name.
pub(super) fn list(settings: &[Row], counts: &[Row]) -> Result<Vec<Queue>, StoreError> {
    let mut queues: BTreeMap<String, (QueueSettings, StateCounts)> = BTreeMap::new();
    for row in settings {
        let (name, settings, _) = self::settings(row)?;
        queues.entry(name).or_default().0 = settings;
    }
    for row in counts {
        let tasks = rows::number(row, 3)?;
        let queue = queues.entry(rows::get(row, 0)?).or_default();
        *queue.1.get_mut(rows::state(row, 2)?) += tasks;
    }
    let queues = queues.into_iter().map(|(name, (settings, tasks))| Queue {
        name,
        settings,
        tasks,
    });
    Ok(queues.collect())
}

/// Reads the columns of `QUEUES`.
pub(super) fn settings(row: &Row) -> Result<(String, QueueSettings, Pace), StoreError> {
    let limit = |index| -> Result<Option<u32>, StoreError> {
        let stored: Option<i64> = rows::get(row, index)?;
        stored
            .map(|limit| u32::try_from(limit).map_err(rows::unreadable))
            .transpose()
    };
    let rate = limit(4)?.zip(limit(5)?);
    let settings = QueueSettings {
        paused: rows::get(row, 1)?,
        paused_until: rows::optional_moment(row, 7)?,
        concurrency: limit(2)?,
        max_running: limit(3)?,
        rate: rate.map(|(tasks, per_ms)| RateLimit { tasks, per_ms }),
    };
    Ok((rows::get(row, 0)?, settings, Pace(rows::get(row, 6)?)))
}
