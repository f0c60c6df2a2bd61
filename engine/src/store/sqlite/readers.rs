//! Threads that read, each with a connection of its own, in lanes that do not wait for each other.
//!
//! Nothing here is held by a future: a caller puts its question into a lane and waits for the
//! answer, polled or not. When it goes away its question is skipped, or stopped where it has got to.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use super::OpenError;
use super::fault::Fault;
use crate::store::{StoreError, StoreFailure};

/// The page cache of each connection, in KiB. It grows only as it is used.
const READER_CACHE_KIB: i32 = 4 * 1024;

/// Steps of SQLite's machine between two looks at whether a question is still wanted: well under a
/// millisecond.
const STEPS: i32 = 1_000;

/// Which questions wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// About one task, counts, and whether the store answers at all.
    Single,
    /// Pages of lists.
    Lists,
    /// Texts to look for.
    Searches,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Single, Self::Lists, Self::Searches];

    fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Lists => "lists",
            Self::Searches => "searches",
        }
    }

    /// How many are answered at a time. They compete for two or more cores with the writer, which
    /// must win.
    fn threads(self) -> usize {
        match self {
            Self::Single | Self::Lists | Self::Searches => 2,
        }
    }

    /// How many may wait.
    fn room(self) -> usize {
        match self {
            Self::Single => 10_000,
            Self::Lists => 1_000,
            Self::Searches => 100,
        }
    }

    /// How long an answer may take, waiting included.
    fn deadline(self) -> Duration {
        match self {
            Self::Single | Self::Lists => Duration::from_secs(5),
            // A search stops by itself before, with what it has found.
            Self::Searches => Duration::from_secs(4),
        }
    }
}

/// Whether a question is still to be answered.
#[derive(Debug)]
pub(super) struct Watch {
    deadline: Instant,
    unwanted: AtomicBool,
}

impl Watch {
    fn lasting(time: Duration) -> Arc<Self> {
        Arc::new(Self {
            deadline: Instant::now() + time,
            unwanted: AtomicBool::new(false),
        })
    }

    fn is_unwanted(&self) -> bool {
        self.unwanted.load(Ordering::Relaxed)
    }

    fn is_late(&self) -> bool {
        self.left().is_zero()
    }

    /// How long until its deadline.
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether to stop at once.
    pub(super) fn is_over(&self) -> bool {
        self.is_unwanted() || self.is_late()
    }
}

/// Marks a question as unwanted when its caller goes away. After the answer it changes nothing.
struct Caller(Arc<Watch>);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.unwanted.store(true, Ordering::Relaxed);
    }
}

type Answer = Box<dyn FnOnce(Result<&Connection, StoreError>) + Send>;

struct Question {
    watch: Arc<Watch>,
    answer: Answer,
}

#[derive(Default)]
struct Waiting {
    questions: VecDeque<Question>,
    closed: bool,
}

struct Queue {
    lane: Lane,
    waiting: Mutex<Waiting>,
    /// Something came, or nothing will any more.
    changed: Condvar,
}

/// The threads that read. They end, and close their connections, when this handle is dropped.
pub(super) struct Readers {
    queues: [Arc<Queue>; 3],
    fault: Fault,
    asked: AtomicU64,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn open(path: &Path, fault: &Fault) -> Result<Self, OpenError> {
        let queues = Lane::ALL.map(|lane| {
            Arc::new(Queue {
                lane,
                waiting: Mutex::default(),
                changed: Condvar::new(),
            })
        });
        // Dropped on a failure below, it ends those threads that have been started.
        let mut readers = Self {
            queues,
            fault: fault.clone(),
            asked: AtomicU64::new(0),
            threads: Vec::new(),
        };
        for queue in readers.queues.clone() {
            for number in 1..=queue.lane.threads() {
                let reader = Reader::open(path)?;
                let queue = Arc::clone(&queue);
                let thread = thread::Builder::new()
                    .name(format!("read-{}-{number}", queue.lane.name()))
                    .spawn(move || reader.serve(&queue))
                    .map_err(|error| OpenError::Unreachable(format!("no reader: {error}")))?;
                readers.threads.push(thread);
            }
        }
        Ok(readers)
    }

    /// How often something was asked.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Runs `query` on a thread of `lane`, in one read transaction: it sees one commit throughout.
    ///
    /// Cancel safe: a query whose caller went away is skipped or stopped.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        lane: Lane,
        query: impl FnOnce(&Connection, &Watch) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let watch = Watch::lasting(lane.deadline());
        let caller = Caller(Arc::clone(&watch));
        let (reply, answer) = oneshot::channel();
        let watched = Arc::clone(&watch);
        let question = Question {
            watch,
            answer: Box::new(move |connection| {
                let found =
                    connection.and_then(|connection| in_transaction(connection, &watched, query));
                // Nobody waits for it any more when its caller has gone.
                let _ = reply.send(found);
            }),
        };
        self.queues[lane as usize].put(question)?;
        let found = answer.await.unwrap_or_else(|_| Err(ended()));
        drop(caller);
        if let Err(error) = &found {
            self.fault.note(error);
        }
        found
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        for queue in &self.queues {
            let mut waiting = queue.waiting.lock();
            waiting.closed = true;
            waiting.questions.clear();
            queue.changed.notify_all();
        }
        for thread in self.threads.drain(..) {
            // It catches what panics. What it answers now ends by its deadline.
            let _ = thread.join();
        }
    }
}

impl Queue {
    fn put(&self, question: Question) -> Result<(), StoreError> {
        let mut waiting = self.waiting.lock();
        if waiting.questions.len() >= self.lane.room() {
            waiting
                .questions
                .retain(|question| !question.watch.is_unwanted());
        }
        if waiting.questions.len() >= self.lane.room() {
            let cause = format!("{} questions wait ({})", self.lane.room(), self.lane.name());
            return Err(StoreError::new(StoreFailure::Crowded, cause));
        }
        waiting.questions.push_back(question);
        self.changed.notify_one();
        Ok(())
    }

    /// The next question that is still wanted; `None` when the store is closed.
    fn take(&self) -> Option<Question> {
        let mut waiting = self.waiting.lock();
        loop {
            if waiting.closed {
                return None;
            }
            match waiting.questions.pop_front() {
                Some(question) if question.watch.is_unwanted() => {}
                Some(question) => return Some(question),
                None => self.changed.wait(&mut waiting),
            }
        }
    }
}

/// One thread's connection.
struct Reader {
    connection: Connection,
    /// The question that it answers now. SQLite asks on this same thread whether to go on, so what
    /// stops one question can never meet the next.
    current: Arc<Mutex<Option<Arc<Watch>>>>,
}

impl Reader {
    fn open(path: &Path) -> rusqlite::Result<Self> {
        let mut connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(64);
        let current: Arc<Mutex<Option<Arc<Watch>>>> = Arc::default();
        let asked = Arc::clone(&current);
        connection.progress_handler(
            STEPS,
            Some(move || asked.lock().as_ref().is_some_and(|watch| watch.is_over())),
        )?;
        Ok(Self {
            connection,
            current,
        })
    }

    fn serve(&self, queue: &Queue) {
        while let Some(Question { watch, answer }) = queue.take() {
            if watch.is_late() {
                answer(Err(StoreError::new(
                    StoreFailure::Crowded,
                    format!("its turn did not come in time ({})", queue.lane.name()),
                )));
                continue;
            }
            *self.current.lock() = Some(watch);
            // A thread that ended would leave a lane that looks alive and answers nothing more.
            // The caller hears of it, since its channel closes.
            let _ = catch_unwind(AssertUnwindSafe(|| answer(Ok(&self.connection))));
            *self.current.lock() = None;
        }
    }
}

fn ended() -> StoreError {
    StoreError::new(StoreFailure::Failed, "a reader panicked or has ended")
}

fn in_transaction<T>(
    connection: &Connection,
    watch: &Watch,
    query: impl FnOnce(&Connection, &Watch) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    // Rolled back when dropped: there is nothing to commit.
    let found = connection
        .unchecked_transaction()
        .and_then(|_transaction| query(connection, watch));
    found.map_err(|error| {
        let interrupted =
            error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted);
        if interrupted && !watch.is_unwanted() {
            StoreError::new(StoreFailure::TooMuch, "it took longer than it may")
        } else {
            error.into()
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use futures::FutureExt;
    use rusqlite::Connection;

    use super::{Fault, Lane, Readers};
    use crate::store::StoreFailure;

    const FOREVER: &str = "\
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) \
        SELECT max(n) FROM numbers";

    fn readers() -> (tempfile::TempDir, Readers) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty.db");
        let made = Connection::open(&path).unwrap();
        made.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a)")
            .unwrap();
        let readers = Readers::open(&path, &Fault::default()).unwrap();
        (folder, readers)
    }

    async fn one(readers: &Readers, lane: Lane) -> i64 {
        let answer = readers.read(lane, |connection, _| {
            connection.query_row("SELECT 1", [], |row| row.get(0))
        });
        let answer = tokio::time::timeout(Duration::from_secs(30), answer).await;
        answer.unwrap().unwrap()
    }

    /// Asks what has no end; the question, and what says that it has begun and that it has ended.
    fn stuck(
        readers: &Readers,
    ) -> (
        impl Future<Output = Result<i64, crate::store::StoreError>> + '_,
        mpsc::Receiver<Option<rusqlite::ErrorCode>>,
    ) {
        let (say, said) = mpsc::channel();
        let question = readers.read(Lane::Searches, move |connection, _| {
            say.send(None).unwrap();
            let found = connection.query_row(FOREVER, [], |row| row.get(0));
            let code = found
                .as_ref()
                .err()
                .and_then(rusqlite::Error::sqlite_error_code);
            say.send(code).unwrap();
            found
        });
        (question, said)
    }

    #[tokio::test]
    async fn stuck_searches_leave_the_other_lanes_free_and_stop_with_their_callers() {
        let (_folder, readers) = readers();
        let mut questions = Vec::new();
        let mut running = Vec::new();
        for number in 0..10 {
            let (question, said) = stuck(&readers);
            let mut question = Box::pin(question);
            assert!(question.as_mut().now_or_never().is_none());
            if number < Lane::Searches.threads() {
                assert_eq!(said.recv_timeout(Duration::from_secs(30)), Ok(None));
                running.push(said);
            }
            questions.push(question);
        }
        assert_eq!(one(&readers, Lane::Single).await, 1);
        assert_eq!(one(&readers, Lane::Lists).await, 1);
        drop(questions);
        for said in running {
            let ended = said.recv_timeout(Duration::from_secs(30)).unwrap();
            assert_eq!(ended, Some(rusqlite::ErrorCode::OperationInterrupted));
        }
        // What stopped them does not stop the next.
        assert_eq!(one(&readers, Lane::Searches).await, 1);
    }

    #[tokio::test]
    async fn what_takes_too_long_is_stopped_and_said() {
        let (_folder, readers) = readers();
        let (question, _said) = stuck(&readers);
        let failure = question.await.unwrap_err().failure;
        assert_eq!(failure, StoreFailure::TooMuch);
        assert_eq!(one(&readers, Lane::Searches).await, 1);
    }

    #[tokio::test]
    async fn a_full_lane_refuses_and_takes_the_place_of_who_has_gone() {
        let (_folder, readers) = readers();
        let ask = || {
            let mut question = Box::pin(stuck(&readers).0);
            let answer = question.as_mut().now_or_never();
            (question, answer)
        };
        let mut asked: Vec<_> = (0..Lane::Searches.room()).map(|_| ask().0).collect();
        let refused = loop {
            let (question, answer) = ask();
            match answer {
                Some(refused) => break refused,
                None => asked.push(question),
            }
        };
        assert_eq!(refused.unwrap_err().failure, StoreFailure::Crowded);
        drop(asked);
        assert_eq!(one(&readers, Lane::Searches).await, 1);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_its_caller_alone() {
        let (_folder, readers) = readers();
        for _ in 0..3 {
            let broken = readers.read(Lane::Single, |_, _| -> rusqlite::Result<()> {
                panic!("broken")
            });
            broken.await.unwrap_err();
        }
        assert_eq!(one(&readers, Lane::Single).await, 1);
    }
}
