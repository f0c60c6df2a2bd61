//! The watched figures of the node.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use glassworks_protocol::Stats;
use tokio::time::{Instant, sleep_until};

use super::topics::{Seat, Teller, Told, Topics};
use crate::error::Error;

/// The least time between two looks.
const PACE: Duration = Duration::from_secs(1);

type News = Result<Arc<Stats>, Error>;

/// The figures, for all who watch them.
#[derive(Default)]
pub(crate) struct Figures(Topics<(), News>);

impl Figures {
    /// Watches the figures that `look` gives: as they are, and then whenever they have changed.
    pub(crate) fn watch<L, F>(&self, look: L) -> BoxStream<'static, News>
    where
        L: Fn() -> F + Send + 'static,
        F: Future<Output = Result<Stats, Error>> + Send + 'static,
    {
        let seat = self.0.join((), |teller| tell(look, teller));
        // An error of earlier is not what they are now.
        let now = seat.latest().filter(Result::is_ok);
        let rest = stream::unfold(Some(seat), |seat| async {
            let mut seat: Seat<_, News> = seat?;
            let (Told::Next(news) | Told::Later(news)) = seat.next().await?;
            let goes_on = news.is_ok();
            Some((news, goes_on.then_some(seat)))
        });
        stream::iter(now).chain(rest).boxed()
    }
}

async fn tell<L, F>(look: L, teller: Teller<News>)
where
    L: Fn() -> F,
    F: Future<Output = Result<Stats, Error>>,
{
    let mut told: Option<Arc<Stats>> = None;
    loop {
        let rest_until = Instant::now() + PACE;
        match look().await {
            Ok(stats) if told.as_ref().is_some_and(|told| !differs(told, &stats)) => {}
            Ok(stats) => {
                let stats = Arc::new(stats);
                told = Some(Arc::clone(&stats));
                teller.tell(Ok(stats));
            }
            Err(error) => {
                // Those who come after it are to hear the figures, changed or not.
                told = None;
                teller.tell(Err(error));
            }
        }
        sleep_until(rest_until).await;
    }
}

/// Whether there is news. That time has passed is none: who watches has a clock.
fn differs(told: &Stats, now: &Stats) -> bool {
    let told = Stats {
        uptime_ms: now.uptime_ms,
        ..told.clone()
    };
    told != *now
}
