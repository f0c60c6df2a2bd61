//! Who watches what: the latest news of each topic, kept for as long as somebody watches it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// The topics that are watched, by what names them. Clones are the same.
pub(super) struct Topics<K, N>(Arc<Mutex<HashMap<K, Topic<N>>>>);

struct Topic<N> {
    news: watch::Sender<Latest<N>>,
    /// Ends with the topic.
    _teller: AbortOnDropHandle<()>,
}

/// The latest news, and which it is. Whoever has seen the one before has missed nothing.
struct Latest<N> {
    number: u64,
    news: Option<N>,
}

/// Tells the news of one topic.
pub(super) struct Teller<N>(watch::Sender<Latest<N>>);

impl<N> Teller<N> {
    pub(super) fn tell(&self, news: N) {
        self.0.send_modify(|latest| {
            latest.number += 1;
            latest.news = Some(news);
        });
    }
}

/// One who watches a topic. The last to go ends it.
pub(super) struct Seat<K: Eq + Hash, N> {
    topics: Arc<Mutex<HashMap<K, Topic<N>>>>,
    key: K,
    /// `None` only while it is dropped.
    news: Option<watch::Receiver<Latest<N>>>,
    seen: u64,
}

/// What one who watches is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told<N> {
    /// The news after the one that was told before.
    Next(N),
    /// The latest news, after others that were missed.
    Later(N),
}

impl<K, N> Default for Topics<K, N> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, N> Topics<K, N>
where
    K: Clone + Eq + Hash,
    N: Clone + Send + Sync + 'static,
{
    /// Takes a seat at the topic of `key`. The first there has it told by `tell`.
    pub(super) fn join<F>(&self, key: K, tell: impl FnOnce(Teller<N>) -> F) -> Seat<K, N>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut topics = self.0.lock();
        let topic = topics.entry(key.clone()).or_insert_with(|| {
            let news = watch::Sender::new(Latest {
                number: 0,
                news: None,
            });
            let teller = tokio::spawn(tell(Teller(news.clone())));
            Topic {
                news,
                _teller: AbortOnDropHandle::new(teller),
            }
        });
        let news = topic.news.subscribe();
        let seen = news.borrow().number;
        Seat {
            topics: Arc::clone(&self.0),
            key,
            news: Some(news),
            seen,
        }
    }
}

impl<K: Eq + Hash, N: Clone> Seat<K, N> {
    /// The latest news that there was when the seat was taken, if any.
    pub(super) fn latest(&self) -> Option<N> {
        self.news.as_ref()?.borrow().news.clone()
    }

    /// Waits for news; `None` when nobody tells any more. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Told<N>> {
        let news = self.news.as_mut()?;
        let seen = self.seen;
        let latest = news.wait_for(|latest| latest.number > seen).await.ok()?;
        self.seen = latest.number;
        let news = latest.news.clone()?;
        Some(if latest.number == seen + 1 {
            Told::Next(news)
        } else {
            Told::Later(news)
        })
    }
}

impl<K: Eq + Hash, N> Drop for Seat<K, N> {
    fn drop(&mut self) {
        // Within the lock, so that nobody takes a seat at a topic that ends.
        let mut topics = self.topics.lock();
        drop(self.news.take());
        if topics
            .get(&self.key)
            .is_some_and(|topic| topic.news.receiver_count() == 0)
        {
            topics.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::FutureExt;
    use tokio::sync::mpsc;

    use super::{Told, Topics};

    #[tokio::test]
    async fn one_tells_all_and_ends_with_the_last() {
        let topics = Topics::<&str, u32>::default();
        let tellers = Arc::new(AtomicU32::new(0));
        let (say, mut said) = mpsc::unbounded_channel::<u32>();
        let begin = |said: mpsc::UnboundedReceiver<u32>| {
            let tellers = Arc::clone(&tellers);
            move |teller: super::Teller<u32>| async move {
                tellers.fetch_add(1, Ordering::SeqCst);
                let mut said = said;
                while let Some(number) = said.recv().await {
                    teller.tell(number);
                }
            }
        };
        let unused = || mpsc::unbounded_channel().1;
        let mut first = topics.join("a", begin(std::mem::replace(&mut said, unused())));
        let mut second = topics.join("a", begin(unused()));
        say.send(7).unwrap();
        assert_eq!(first.next().await, Some(Told::Next(7)));
        say.send(8).unwrap();
        assert_eq!(first.next().await, Some(Told::Next(8)));
        assert_eq!(second.next().await, Some(Told::Later(8)), "it missed one");
        let mut late = topics.join("a", begin(unused()));
        assert_eq!(late.latest(), Some(8));
        assert!(late.next().now_or_never().is_none(), "nothing new for it");
        assert_eq!(tellers.load(Ordering::SeqCst), 1);
        drop((first, second, late));
        say.closed().await;
        assert!(topics.0.lock().is_empty());
        let again = topics.join("a", begin(unused()));
        assert_eq!(again.latest(), None);
    }
}
