//! Hearing what other nodes did.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior, sleep_until, timeout};
use uuid::Uuid;

use super::connect::{Backoff, Connected, Endpoint};
use super::statements::NoStatements;
use super::{news, sql};
use crate::store::{News, StoreError, StoreFailure};

/// Messages that wait to be read; past it, whoever listens has to look.
const WAITING: usize = 1_000;
/// How often it is seen to that the server still talks, and to work that no message told of.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A server that is silent for longer is not there.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// What is needed to listen.
pub(super) struct Listener {
    pub(super) endpoint: Endpoint,
    /// The store's own messages, which it does not hear, carry this.
    pub(super) own: Uuid,
    /// Told when it is not known what was committed, or a message was lost.
    pub(super) unsure: Arc<Notify>,
}

impl Listener {
    /// What other nodes do, from now on. The connection is made anew for as long as the stream
    /// lives; whenever something may have been missed, it says that anything may have changed.
    pub(super) fn listen(self) -> BoxStream<'static, News> {
        let (told, news) = mpsc::channel(WAITING);
        tokio::spawn(self.run(told));
        stream::unfold(news, |mut news| async {
            let next = news.recv().await?;
            Some((next, news))
        })
        .boxed()
    }

    async fn run(self, told: mpsc::Sender<News>) {
        let backoff = Backoff::default();
        loop {
            let ended = tokio::select! {
                () = told.closed() => return,
                ended = self.hear(&told, &backoff) => ended,
            };
            if let Err(error) = ended {
                tracing::warn!(%error, "what other nodes do is not heard at the moment");
                backoff.failed(&error);
            }
            tokio::select! {
                () = told.closed() => return,
                () = sleep_until(backoff.until()) => {}
            }
        }
    }

    /// Listens until the connection is lost, or nobody wants to know any more.
    async fn hear(&self, told: &mpsc::Sender<News>, backoff: &Backoff) -> Result<(), StoreError> {
        let (sender, mut heard) = mpsc::channel(WAITING);
        let connected: Connected<NoStatements> =
            self.endpoint.connect_soon("", Some(sender)).await?;
        connected.client.batch_execute(sql::LISTEN).await?;
        backoff.succeeded();
        if told.send(News::anything()).await.is_err() {
            return Ok(());
        }
        let mut look = tokio::time::interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let news = tokio::select! {
                message = heard.recv() => match message {
                    // As many as there is room for: some may be missing.
                    Some(_) if heard.len() + 1 >= WAITING => {
                        while heard.try_recv().is_ok() {}
                        Some(News::anything())
                    }
                    Some(message) => news::read(&message, self.own),
                    None => return Err(lost("the connection was lost")),
                },
                () = self.unsure.notified() => Some(News::anything()),
                _ = look.tick() => {
                    prove(&connected).await?;
                    Some(News { work: true, ..News::none() })
                }
            };
            if let Some(news) = news
                && told.send(news).await.is_err()
            {
                return Ok(());
            }
        }
    }
}

/// A connection may be lost without a word: only an answer proves it.
async fn prove(connected: &Connected<NoStatements>) -> Result<(), StoreError> {
    let asked = connected.client.simple_query("");
    match timeout(ANSWERS_WITHIN, asked).await {
        Ok(answered) => Ok(answered.map(drop)?),
        Err(_) => Err(lost("the server has fallen silent")),
    }
}

fn lost(cause: &str) -> StoreError {
    StoreError::new(StoreFailure::Unreachable, cause)
}
