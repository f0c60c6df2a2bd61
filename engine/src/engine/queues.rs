//! Queues: how each may be used.

use glassworks_protocol::{
    BulkAction, BulkOutcome, FieldError, Queue, QueueHistory, QueueSettings, State, TaskFilter,
    Timestamp,
};

use super::Engine;
use super::answers::{answer, unexpected};
use crate::access::Caller;
use crate::error::Error;
use crate::store::{Outcome, Write};
use crate::submission;

impl Engine {
    /// Every queue that has tasks or settings, by name, and that whoever asks has to do with.
    pub async fn queues(&self) -> Result<Vec<Queue>, Error> {
        let mut queues = answer("queues", self.0.store.queues().await)?;
        let now = Timestamp::now();
        for queue in &mut queues {
            queue.settings = queue.settings.at(now);
        }
        if let Some(reach) = self.caller().and_then(Caller::reach) {
            queues.retain(|queue| reach.has_queue(&queue.name));
        }
        Ok(queues)
    }

    /// One queue that has tasks or settings.
    pub async fn queue(&self, name: &str) -> Result<Queue, Error> {
        let mut queues = self.queues().await?.into_iter();
        let found = queues.find(|queue| queue.name == name);
        found.ok_or_else(|| Error::NoQueue(name.to_owned()))
    }

    /// Sets how a queue may be used, whether it has tasks yet or not. When this returns, it is
    /// on the disk; attempts that run already go on.
    pub async fn set_queue(&self, name: &str, settings: QueueSettings) -> Result<Queue, Error> {
        self.adjust_queue(name, |_| settings).await
    }

    /// Pauses a queue, whether it has tasks yet or not: until somebody resumes it, or until the
    /// moment `until`, which is to come.
    pub async fn pause_queue(&self, name: &str, until: Option<Timestamp>) -> Result<Queue, Error> {
        if until.is_some_and(|until| until <= Timestamp::now()) {
            let fault = FieldError::new("until", "must be a moment to come");
            return Err(Error::Invalid(vec![fault]));
        }
        self.adjust_queue(name, |settings| QueueSettings {
            paused: true,
            paused_until: until,
            ..settings
        })
        .await
    }

    /// Sets a queue going again, whether it has tasks yet or not.
    pub async fn resume_queue(&self, name: &str) -> Result<Queue, Error> {
        self.adjust_queue(name, |settings| QueueSettings {
            paused: false,
            paused_until: None,
            ..settings
        })
        .await
    }

    /// Cancels every task of a queue that waits: scheduled, queued or retrying. What runs goes on;
    /// one that starts at that moment is asked to stop. As [`change_all`](Engine::change_all).
    pub async fn drain_queue(&self, name: &str) -> Result<BulkOutcome, Error> {
        self.queue(name).await?;
        let filter = TaskFilter {
            state: vec![State::Scheduled, State::Queued, State::Retrying],
            queue: Some(name.to_owned()),
            ..TaskFilter::default()
        };
        self.change_all(BulkAction::Cancel, &filter).await
    }

    /// How a queue went on this node in the last ten minutes.
    pub async fn queue_history(&self, name: &str) -> Result<QueueHistory, Error> {
        self.queue(name).await?;
        Ok(self.0.tally.queues.of(name))
    }

    /// Sets a queue to what `adjust` makes of its present settings.
    async fn adjust_queue(
        &self,
        name: &str,
        adjust: impl FnOnce(QueueSettings) -> QueueSettings,
    ) -> Result<Queue, Error> {
        let _turn = self.0.changing.lock().await;
        let queues = self.queues().await?;
        let known = queues.iter().find(|queue| queue.name == name);
        let settings = adjust(known.map(|queue| queue.settings).unwrap_or_default());
        submission::check_queue(name, &settings)?;
        let limit = self.0.options.limits.queues;
        if known.is_none() && queues.len() >= limit {
            let detail = format!("there are {limit} queues, which is the limit");
            return Err(Error::Invalid(vec![FieldError::new("name", detail)]));
        }
        let write = Write::SaveQueue {
            name: name.to_owned(),
            settings,
        };
        match self.commit(write).await? {
            Outcome::QueueSaved => self.queue(name).await,
            other => Err(unexpected(&other)),
        }
    }
}
