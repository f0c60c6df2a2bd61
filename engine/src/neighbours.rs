//! What other nodes do to the store: told to whoever it concerns here.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::attempts::claims::Claims;
use crate::attempts::runs::Runs;
use crate::hub::Hub;
use crate::journal::Rider as _;
use crate::remote::line::Line;
use crate::store::News;

/// Whom it concerns.
pub(crate) struct Neighbours {
    pub(crate) hub: Arc<Hub>,
    pub(crate) runs: Arc<Runs>,
    pub(crate) claims: Arc<Claims>,
    /// Remote workers that wait for tasks of theirs.
    pub(crate) line: Arc<Line>,
    /// Tells the scheduler to look again.
    pub(crate) schedules_changed: Arc<Notify>,
    /// Tells of kinds that workers have offered elsewhere.
    pub(crate) kinds_offered: Arc<Notify>,
    /// Tells who follows keys and sessions to look again.
    pub(crate) access_changed: Arc<Notify>,
    /// Tells housekeeping to ask which attempts are to stop.
    pub(crate) runs_in_question: Arc<Notify>,
    pub(crate) stop: CancellationToken,
}

impl Neighbours {
    /// Hands on what is told, until it is told to stop.
    pub(crate) async fn run(self, mut news: BoxStream<'static, News>) {
        while let Some(Some(news)) = self.stop.run_until_cancelled(news.next()).await {
            for (task, attempt) in news.cancelled {
                self.runs.stop(task, attempt);
            }
            if news.tasks.is_none() {
                self.runs_in_question.notify_one();
            }
            if news.tasks.as_ref().is_none_or(|tasks| !tasks.is_empty()) {
                self.hub.look(news.tasks);
            }
            if news.work {
                self.claims.want();
                self.line.wake();
            }
            if news.kinds {
                self.kinds_offered.notify_one();
            }
            if news.schedules {
                self.schedules_changed.notify_one();
            }
            if news.access {
                self.access_changed.notify_one();
            }
        }
    }
}
