//! Making connections, each for one purpose.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};
use tokio_postgres::{AsyncMessage, Client, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::fault::Fault;
use super::statements::Statements;
use super::{OpenError, sql, tls};
use crate::store::{StoreError, StoreFailure};

/// How long a whole connection may take, with its statements.
const CONNECTS_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait after the first failure, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Where connections are made to. Cheap to clone.
#[derive(Clone)]
pub(super) struct Endpoint {
    address: Arc<Address>,
    tls: MakeRustlsConnect,
    pub(super) fault: Fault,
}

/// A connection with its prepared statements. It is closed at once when it is dropped.
pub(super) struct Connected<S> {
    pub(super) client: Client,
    pub(super) statements: S,
    driver: Driver,
}

struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<S> Connected<S> {
    /// Whether the other side has gone, as far as that is known.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed() || self.driver.0.is_finished()
    }
}

impl Endpoint {
    pub(super) async fn new(address: Address) -> Result<Self, OpenError> {
        let trust = address.trust.clone();
        let tls = tokio::task::spawn_blocking(move || tls::connector(&trust))
            .await
            .map_err(|error| OpenError::Tls(error.to_string()))??;
        Ok(Self {
            address: Arc::new(address),
            tls,
            fault: Fault::default(),
        })
    }

    /// Makes a connection, sets it as `session` says beside what all are set to, and prepares its
    /// statements. What is notified goes to `notified`.
    pub(super) async fn connect<S: Statements>(
        &self,
        session: &str,
        notified: Option<mpsc::Sender<String>>,
    ) -> Result<Connected<S>, Error> {
        let (client, mut connection) = self.address.config.connect(self.tls.clone()).await?;
        let driver = tokio::spawn(async move {
            loop {
                match std::future::poll_fn(|context| connection.poll_message(context)).await {
                    Some(Ok(AsyncMessage::Notification(said))) => {
                        if let Some(notified) = &notified {
                            // Full, or nobody listens any more: whoever listens looks anew then.
                            let _ = notified.try_send(said.payload().to_owned());
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        tracing::debug!(%error, "a connection to the database has ended");
                        return;
                    }
                    None => return,
                }
            }
        });
        let driver = Driver(driver.abort_handle());
        client.batch_execute(sql::SESSION).await?;
        client.batch_execute(session).await?;
        let statements = S::prepare(&client).await?;
        Ok(Connected {
            client,
            statements,
            driver,
        })
    }

    /// As [`connect`](Self::connect), within a time.
    pub(super) async fn connect_soon<S: Statements>(
        &self,
        session: &str,
        notified: Option<mpsc::Sender<String>>,
    ) -> Result<Connected<S>, StoreError> {
        match timeout(CONNECTS_WITHIN, self.connect(session, notified)).await {
            Ok(Ok(connected)) => Ok(connected),
            Ok(Err(error)) => {
                let mut error = StoreError::from(error);
                // Whatever is said to who knocks, he is not let in.
                if error.failure != StoreFailure::Busy {
                    error.failure = StoreFailure::Unreachable;
                }
                Err(error)
            }
            Err(_) => Err(StoreError::new(
                StoreFailure::Unreachable,
                "the server does not answer",
            )),
        }
    }
}

/// Waits longer after each failure in a row. While it waits, whoever asks learns of the last
/// failure at once.
#[derive(Default)]
pub(super) struct Backoff(Mutex<Option<Paused>>);

struct Paused {
    until: Instant,
    pause: Duration,
    error: StoreError,
}

impl Backoff {
    /// The last failure, while it is too early to try again.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match &*self.0.lock() {
            Some(paused) if Instant::now() < paused.until => Err(paused.error.clone()),
            _ => Ok(()),
        }
    }

    pub(super) fn failed(&self, error: &StoreError) {
        let mut paused = self.0.lock();
        let pause = paused
            .as_ref()
            .map_or(FIRST_PAUSE, |paused| (paused.pause * 2).min(LONGEST_PAUSE));
        *paused = Some(Paused {
            until: Instant::now() + pause,
            pause,
            error: error.clone(),
        });
    }

    pub(super) fn succeeded(&self) {
        *self.0.lock() = None;
    }

    /// When to try again.
    pub(super) fn until(&self) -> Instant {
        let paused = self.0.lock();
        paused
            .as_ref()
            .map_or_else(Instant::now, |paused| paused.until)
    }
}
