//! The thread that owns the writing connection.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::OpenError;
use super::fault::Fault;
use super::identity::Identity;
use super::ledger::Ledger;
use super::room::Room;
use super::wal::Log;
use crate::limits::Limits;
use crate::store::{Clock, Committed, StoreError, StoreFailure, Write};

/// How often an idle writer looks whether its file is still there.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The thread that owns the writing connection. It ends, and closes the connection, when this
/// handle is dropped.
pub(super) struct Writer {
    /// `None` only while it is dropped.
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

/// What the writer looks after beside its connection.
pub(super) struct Kept {
    pub(super) identity: Identity,
    pub(super) room: Room,
    pub(super) log: Log,
    pub(super) fault: Fault,
}

struct Request {
    batch: Vec<Write>,
    reply: oneshot::Sender<Result<Committed, StoreError>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        mut kept: Kept,
        limits: Limits,
        clock: Clock,
    ) -> Result<Self, OpenError> {
        let (requests, received) = mpsc::channel();
        let (opened, open_result) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("glassworks-writer".to_owned())
            .spawn(move || match Ledger::new(&connection, limits) {
                Ok(ledger) => {
                    // Nobody waits for it any more only when `start` has failed.
                    let _ = opened.send(Ok(()));
                    write(ledger, &connection, &mut kept, &clock, &received);
                }
                Err(error) => {
                    let _ = opened.send(Err(error));
                }
            })
            .map_err(|error| OpenError::Unreachable(format!("no writer thread: {error}")))?;
        match open_result.recv() {
            Ok(Ok(())) => Ok(Self {
                requests: Some(requests),
                thread: Some(thread),
            }),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(OpenError::Unreachable("the writer thread ended".to_owned())),
        }
    }

    pub(super) async fn commit(&self, batch: Vec<Write>) -> Result<Committed, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .as_ref()
            .and_then(|requests| requests.send(Request { batch, reply }).ok())
            .ok_or_else(ended)?;
        answer.await.map_err(|_| ended())?
    }
}

fn ended() -> StoreError {
    StoreError::new(StoreFailure::Failed, "the writer has ended")
}

fn write(
    mut ledger: Ledger<'_>,
    connection: &Connection,
    kept: &mut Kept,
    clock: &Clock,
    requests: &mpsc::Receiver<Request>,
) {
    let mut looked = Instant::now();
    let mut gone: Option<StoreError> = None;
    loop {
        let request = match requests.recv_timeout(LOOK_EVERY) {
            Ok(request) => Some(request),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let relied_on = request
            .as_ref()
            .is_none_or(|request| request.batch.iter().any(Write::must_be_durable));
        if gone.is_none() && (relied_on || looked.elapsed() >= LOOK_EVERY) {
            looked = Instant::now();
            if let Err(what) = kept.identity.check() {
                kept.identity.leave(what, connection);
                let error = StoreError::new(StoreFailure::Gone, what.to_string());
                kept.fault.note(&error);
                gone = Some(error);
            }
        }
        if gone.is_none() {
            kept.room.look(connection);
        }
        let Some(Request { batch, reply }) = request else {
            if gone.is_none() {
                kept.log.tend(connection);
            }
            continue;
        };
        if let Some(error) = &gone {
            let _ = reply.send(Err(error.clone()));
            continue;
        }
        // A thread that ended would leave a process that looks alive and stores nothing more.
        // What a panic has left half done is undone, so going on is sound.
        let is_full = kept.room.is_full();
        let committed = catch_unwind(AssertUnwindSafe(|| ledger.commit(batch, is_full, clock())));
        let committed = if let Ok(committed) = committed {
            committed.map_err(|error| kept.failed(error))
        } else {
            ledger.abandon();
            Err(StoreError::new(StoreFailure::Failed, "the writer panicked"))
        };
        // When nobody waits for it any more, it is committed all the same.
        let _ = reply.send(committed);
    }
}

impl Kept {
    /// What follows from a commit that failed.
    fn failed(&mut self, error: rusqlite::Error) -> StoreError {
        let mut error = StoreError::from(error);
        // A quota is an error of the disk to SQLite.
        if error.failure == StoreFailure::Faulty && self.room.has_none_left() {
            error.failure = StoreFailure::Full;
        }
        if error.failure == StoreFailure::Full {
            self.room.give_up();
        }
        self.fault.note(&error);
        error
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has said so already.
            let _ = thread.join();
        }
    }
}
