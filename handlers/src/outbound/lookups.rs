//! Looking names up with the system's resolver, on a few threads of its own.
//!
//! The resolver blocks (getaddrinfo(3)), for as long as a name server does not answer, and cannot be
//! stopped. On the runtime's threads for blocking work a few hundred such names would hold up
//! everybody else who needs one; here they hold up each other.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::thread;

use tokio::sync::{Semaphore, oneshot};

/// How many names are looked up at a time. Each takes a thread until it is answered, though nobody
/// may wait for the answer any more.
const THREADS: usize = 16;

type Answer = io::Result<Vec<SocketAddr>>;
type Resolver = dyn Fn(&str, u16) -> Answer + Send + Sync;

/// The look-ups that are being made, and the line of those that wait.
pub(super) struct LookUps {
    resolver: Arc<Resolver>,
    free: Arc<Semaphore>,
}

impl Default for LookUps {
    fn default() -> Self {
        Self::by(|host, port| Ok((host, port).to_socket_addrs()?.collect()))
    }
}

impl LookUps {
    /// Look-ups by a resolver that may block.
    fn by(resolver: impl Fn(&str, u16) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            resolver: Arc::new(resolver),
            free: Arc::new(Semaphore::new(THREADS)),
        }
    }

    /// Waits in line, and then for the answer. Cancel safe: who gives up leaves the line, but a
    /// look-up that has begun keeps its thread until it ends.
    pub(super) async fn resolve(&self, host: String, port: u16) -> Answer {
        // It is never closed.
        let place = Arc::clone(&self.free).acquire_owned().await;
        let place = place.map_err(io::Error::other)?;
        let (answer, answered) = oneshot::channel();
        let resolver = Arc::clone(&self.resolver);
        thread::Builder::new()
            .name("look-up".to_owned())
            .spawn(move || {
                // Nobody may wait for it any more.
                let _ = answer.send(resolver(&host, port));
                drop(place);
            })?;
        answered.await.map_err(io::Error::other)?
    }
}

impl fmt::Debug for LookUps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookUps")
            .field("free", &self.free.available_permits())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex, mpsc};
    use std::time::Duration;

    use futures::StreamExt as _;
    use futures::stream::FuturesUnordered;
    use tokio::time::timeout;

    use super::{LookUps, THREADS};

    const LIMIT: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn the_system_knows_this_machine() {
        let look_ups = LookUps::default();
        let answer = look_ups.resolve("localhost".to_owned(), 80);
        let answer = timeout(LIMIT, answer).await.unwrap().unwrap();
        assert!(
            answer
                .iter()
                .all(|it| it.ip().is_loopback() && it.port() == 80)
        );
        assert!(!answer.is_empty());
    }

    #[tokio::test]
    async fn names_that_are_not_answered_hold_up_each_other_and_nobody_else() {
        let (answer, answers) = mpsc::channel::<()>();
        let answers = Mutex::new(answers);
        let begun = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&begun);
        let look_ups = LookUps::by(move |_, port| {
            count.fetch_add(1, Ordering::SeqCst);
            // They block until the test lets one of them go, or is over.
            let _ = answers.lock().unwrap().recv();
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
        });
        let mut waiting: FuturesUnordered<_> = (0..200)
            .map(|n| look_ups.resolve(format!("silent-{n}.example"), n))
            .collect();
        let until_full = async {
            while begun.load(Ordering::SeqCst) < THREADS {
                let nothing = timeout(Duration::from_millis(5), waiting.next()).await;
                assert!(nothing.is_err(), "nothing is answered yet");
            }
        };
        timeout(LIMIT, until_full).await.unwrap();
        // The runtime's own threads are free for others.
        let others = (0..THREADS).map(|_| tokio::task::spawn_blocking(|| ()));
        timeout(LIMIT, futures::future::join_all(others))
            .await
            .unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), THREADS);

        // Who gives up has left the line; a thread that is free again serves who still waits.
        drop(waiting);
        let last = look_ups.resolve("last.example".to_owned(), 7);
        for _ in 0..=THREADS {
            answer.send(()).unwrap();
        }
        let last = timeout(LIMIT, last).await.unwrap().unwrap();
        assert_eq!(last, [SocketAddr::from(([127, 0, 0, 1], 7))]);
        assert_eq!(begun.load(Ordering::SeqCst), THREADS + 1);
    }
}
