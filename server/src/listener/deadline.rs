//! A TCP stream that gives up on a client which does not finish its request, takes its answer too
//! slowly, or has nothing more to ask.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::crowd::Place;
use super::phase::Phase;

/// How long a request's head may take from its first byte, or from the connection's beginning.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// How long a client may keep what is written for it waiting, taken together, until it has to have
/// taken [`WRITE_BYTES`]: 8 KiB/s. While nothing waits, as on a stream that is silent, no time
/// counts. What a client has not taken is held for it, and others wait for that room.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);
const WRITE_BYTES: usize = 240 * 1024;

/// How long a connection may stay open without a request, at least; at most it is twice as long,
/// for an end of an answer that only the timer notices. Longer than the usual 60 s of proxies, so
/// that it is they who close first: a request sent into a closing connection is lost.
const IDLE_DEADLINE: Duration = Duration::from_secs(75);

/// The stream under one connection, and under the WebSocket that it may become.
pub(super) struct DeadlineStream<S> {
    stream: S,
    phase: Phase,
    head: Option<Pin<Box<Sleep>>>,
    idle: Pin<Box<Sleep>>,
    /// Since when it has been seen idle.
    idle_since: Option<Instant>,
    waiting: Waiting,
    /// The connection counts for as long as its stream is there.
    _place: Place,
}

impl<S> DeadlineStream<S> {
    /// `phase` says when a head is due.
    pub(super) fn new(stream: S, phase: Phase, place: Place) -> Self {
        Self {
            stream,
            phase,
            head: None,
            idle: Box::pin(sleep(IDLE_DEADLINE)),
            idle_since: None,
            waiting: Waiting::default(),
            _place: place,
        }
    }

    /// Waits until the connection has been idle for too long.
    ///
    /// The timer is not wound with every request, which would cost each of them something: when it
    /// goes off early it is set to what is left.
    fn idled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.phase.is_idle() {
            self.idle_since = None;
        } else if self.idle_since.is_none() {
            self.idle_since = Some(Instant::now());
        }
        loop {
            ready!(self.idle.as_mut().poll(cx));
            let due = self.idle_since.unwrap_or_else(Instant::now) + IDLE_DEADLINE;
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            self.idle.as_mut().reset(due);
        }
    }

    /// Ends a write that the client has kept waiting for too long.
    fn bounded(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(outcome) = outcome {
            self.waiting
                .wrote(outcome.as_ref().map_or(0, |bytes| *bytes));
            return Poll::Ready(outcome);
        }
        ready!(self.waiting.poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// How long a client has kept writes waiting, and how much it took meanwhile.
#[derive(Default)]
struct Waiting {
    /// There while a write waits: since when, and when it has waited for too long.
    now: Option<(Instant, Pin<Box<Sleep>>)>,
    /// How long writes before this one waited.
    before: Duration,
    /// How much was taken in that time.
    taken: usize,
}

impl Waiting {
    /// A write was taken in, of so many bytes.
    fn wrote(&mut self, bytes: usize) {
        if let Some((since, _)) = self.now.take() {
            self.before += since.elapsed();
        }
        if self.before > Duration::ZERO {
            self.taken += bytes;
        }
        if self.taken >= WRITE_BYTES {
            self.before = Duration::ZERO;
            self.taken = 0;
        }
    }

    /// A write waits: until it has done so for too long.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let left = WRITE_DEADLINE.saturating_sub(self.before);
        let (_, end) = self
            .now
            .get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        end.as_mut().poll(cx)
    }
}

/// Starts `timer` unless it runs already, and waits for its end.
fn expired(
    timer: &mut Option<Pin<Box<Sleep>>>,
    deadline: Duration,
    cx: &mut Context<'_>,
) -> Poll<()> {
    timer
        .get_or_insert_with(|| Box::pin(sleep(deadline)))
        .as_mut()
        .poll(cx)
}

impl<S: AsyncRead + Unpin> AsyncRead for DeadlineStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        if let Poll::Ready(outcome) = Pin::new(&mut this.stream).poll_read(cx, buffer) {
            if buffer.filled().len() > before {
                this.idle_since = None;
                if this.phase.bytes_came() {
                    this.head = None;
                }
            }
            return Poll::Ready(outcome);
        }
        let must_leave = this.phase.told_to_leave(cx);
        if must_leave && (this.phase.is_in_head() || this.phase.is_idle()) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if this.phase.is_in_head() {
            ready!(expired(&mut this.head, HEAD_DEADLINE, cx));
        } else {
            this.head = None;
            ready!(this.idled(cx));
        }
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for DeadlineStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.bounded(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::Instant;

    use super::super::crowd::Crowd;
    use super::{DeadlineStream, HEAD_DEADLINE, IDLE_DEADLINE, Phase, WRITE_DEADLINE};

    async fn pair() -> (DeadlineStream<DuplexStream>, DuplexStream, Phase) {
        let (ours, theirs) = duplex(16);
        let phase = Phase::default();
        let place = Crowd::new(1).enter(phase.clone()).await.unwrap();
        (
            DeadlineStream::new(ours, phase.clone(), place),
            theirs,
            phase,
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_drips_its_head_is_given_up() {
        let (mut ours, mut theirs, _) = pair().await;
        let began = Instant::now();
        let reading = async {
            let mut byte = [0];
            loop {
                if let Err(error) = ours.read_exact(&mut byte).await {
                    return error;
                }
            }
        };
        let dripping = async {
            loop {
                tokio::time::sleep(HEAD_DEADLINE / 4).await;
                theirs.write_all(b"G").await.unwrap();
            }
        };
        let error = tokio::select! {
            error = reading => error,
            () = dripping => unreachable!("it drips for ever"),
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() <= HEAD_DEADLINE * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_whose_request_is_being_answered_may_be_silent() {
        let (mut ours, _theirs, phase) = pair().await;
        phase.request_began();
        let mut byte = [0];
        let silence = tokio::time::timeout(HEAD_DEADLINE * 100, ours.read(&mut byte));
        assert!(silence.await.is_err(), "the read should still be pending");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_asks_nothing_more_is_given_up() {
        let (mut ours, mut theirs, phase) = pair().await;
        let mut byte = [0];
        for _ in 0..3 {
            phase.request_began();
            phase.response_ended();
            // Each request begins the wait anew, wherever the timer stands.
            let idle = tokio::time::timeout(IDLE_DEADLINE * 2 / 3, ours.read(&mut byte));
            assert!(idle.await.is_err(), "it may ask again");
            theirs.write_all(b"G").await.unwrap();
            ours.read_exact(&mut byte).await.unwrap();
        }
        phase.request_began();
        phase.response_ended();
        let began = Instant::now();
        let error = ours.read(&mut byte).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let idle = began.elapsed();
        assert!(idle >= IDLE_DEADLINE && idle <= IDLE_DEADLINE * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_little_is_given_up_and_a_steady_one_is_not() {
        for (bytes, steady) in [(6_000, false), (150_000, true)] {
            let (mut ours, mut theirs, _) = pair().await;
            let began = Instant::now();
            let writing = async { ours.write_all(&vec![0; 2_000_000]).await };
            let reading = async {
                let mut piece = vec![0; bytes];
                loop {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                    if theirs.read_exact(&mut piece).await.is_err() {
                        std::future::pending::<()>().await;
                    }
                }
            };
            let outcome = tokio::select! {
                outcome = writing => outcome,
                () = reading => unreachable!("it reads for ever"),
            };
            assert_eq!(outcome.is_ok(), steady, "{bytes} bytes each 10 s");
            assert!(steady || began.elapsed() <= WRITE_DEADLINE * 2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_says_little_may_go_on_for_ever() {
        let (mut ours, mut theirs, phase) = pair().await;
        phase.request_began();
        for _ in 0..100 {
            ours.write_all(b"event").await.unwrap();
            tokio::time::sleep(Duration::from_secs(15)).await;
            theirs.read_exact(&mut [0; 5]).await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up() {
        let (mut ours, _theirs, _) = pair().await;
        let began = Instant::now();
        let error = ours.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= WRITE_DEADLINE);
    }
}
