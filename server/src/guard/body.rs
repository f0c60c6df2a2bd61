//! Takes in a request's body whole, within a limit and a deadline, before its route sees it.
//!
//! So no route ever waits for a client, and the limits are in one place for the API and the
//! browser's server functions.

use std::error::Error as _;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use glassworks_protocol::ProblemCode;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};

use crate::budget::{Budget, Permit};
use crate::error::ApiError;
use crate::held::{Held, no_room};

/// The longest body, in bytes. The largest thing a client has to say is a payload of 256 KiB.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

/// The longest body of a batch, in bytes: 1,000 tasks of 8 KiB. Larger payloads take more batches,
/// so that what waits in memory stays bounded.
const MAX_BATCH: usize = 8 * MAX_BODY;

/// The longest body of the form to sign in with, in bytes: it is anybody's to send.
const MAX_SIGN_IN: usize = 4 * 1024;

/// The routes whose bodies may be longer than [`MAX_BODY`], or have to be shorter. What workers hand
/// in has the output and the results of many tasks.
const OTHERS: [(&str, usize); 7] = [
    ("/api/tasks/batch", MAX_BATCH),
    ("/api/claims", MAX_BATCH),
    ("/api/claims/beat", MAX_BATCH),
    ("/api/claims/complete", MAX_BATCH),
    ("/api/claims/fail", MAX_BATCH),
    ("/api/claims/release", MAX_BATCH),
    ("/sign-in", MAX_SIGN_IN),
];

/// How long a body may take in all. 1 MiB in that time is 35 KB/s: a slow telephone.
const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// How much of a body that is too long is read and thrown away, in bytes, and for how long. A
/// connection that is closed on a client which is still writing loses the answer on its way.
const MAX_DISCARDED: usize = 16 * MAX_BODY;
const DISCARD_DEADLINE: Duration = Duration::from_secs(5);

/// The first bytes of a body, which are not counted: a connection's buffer is larger.
const UNCOUNTED: usize = 4 * 1024;

/// How much of a body is its beginning. What comes after it is counted twice, as it came and as
/// what was read from it, and has to come at a pace.
const BEGINNING: usize = 64 * 1024;

/// The pace: how much of a body has to have come in each span, after its beginning. This is 8 KiB/s.
const PACE_BYTES: usize = 64 * 1024;
const PACE_SPAN: Duration = Duration::from_secs(8);

/// The request with its body in memory, and in its extensions what that holds of `budget`.
///
/// A body is counted as it comes and not as it is announced; only one that has shown its beginning
/// gets room for all the rest, in one step, so that of those that wait for room none holds what
/// another waits for.
pub(crate) async fn collect(request: Request, budget: Budget) -> Result<Request, ApiError> {
    let (mut parts, body) = request.into_parts();
    let (bytes, held) = read(&parts.headers, body, limit(parts.uri.path()), &budget).await?;
    if let Some(held) = held {
        parts.extensions.insert(held);
    }
    Ok(Request::from_parts(parts, bytes.into()))
}

/// The longest body that the route of `path` takes, in bytes.
fn limit(path: &str) -> usize {
    let path = path.strip_suffix('/').unwrap_or(path);
    OTHERS
        .iter()
        .find(|(route, _)| *route == path)
        .map_or(MAX_BODY, |(_, limit)| *limit)
}

async fn read(
    headers: &HeaderMap,
    mut body: Body,
    limit: usize,
    budget: &Budget,
) -> Result<(Bytes, Option<Held>), ApiError> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        // A client that waits for `100 Continue` has sent nothing yet.
        if !headers.contains_key(header::EXPECT) {
            discard(&mut body).await;
        }
        return Err(too_large(limit));
    }
    let mut arriving = Arriving {
        most: most(&body, limit),
        bytes: BytesMut::new(),
        beginning: None,
        rest: None,
        pace: Pace::default(),
    };
    let refused = loop {
        let frame = timeout_at(arriving.due(), body.frame()).await;
        let Ok(frame) = frame else {
            return Err(arriving.late());
        };
        match frame {
            None => return Ok(arriving.whole()),
            Some(Err(error)) => return Err(broken(&error)),
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else {
                    continue;
                };
                if arriving.bytes.len() + data.len() > limit {
                    break too_large(limit);
                }
                if arriving.take(data, budget).await.is_none() {
                    break no_room();
                }
            }
        }
    };
    drop(arriving);
    discard(&mut body).await;
    Err(refused)
}

/// How long a body will be at most.
fn most(body: &Body, limit: usize) -> usize {
    let announced = body.size_hint().exact();
    let announced = announced.and_then(|bytes| usize::try_from(bytes).ok());
    announced.map_or(limit, |bytes| bytes.min(limit))
}

/// A body as far as it has come.
struct Arriving {
    /// How long it will be at most.
    most: usize,
    bytes: BytesMut,
    beginning: Option<Permit>,
    rest: Option<Permit>,
    pace: Pace,
}

impl Arriving {
    /// Takes the next piece in; `None` when there is no room for it.
    async fn take(&mut self, data: Bytes, budget: &Budget) -> Option<()> {
        let length = self.bytes.len() + data.len();
        let waiting = Instant::now();
        if length > UNCOUNTED && self.beginning.is_none() {
            let bytes = self.most.min(BEGINNING);
            self.beginning = Some(budget.beginnings.reserve_soon(bytes).await?);
        }
        if length > BEGINNING && self.rest.is_none() {
            let bytes = (self.most - BEGINNING) * 2;
            self.rest = Some(budget.bodies.reserve_soon(bytes).await?);
            self.bytes.reserve(self.most - self.bytes.len());
            self.pace.begin(length);
        }
        // The time for which it was kept waiting is not the client's.
        self.pace.extend(waiting.elapsed());
        self.bytes.extend_from_slice(&data);
        self.pace.reached(self.bytes.len());
        Some(())
    }

    /// When the next piece has to be there.
    fn due(&self) -> Instant {
        self.pace.due()
    }

    fn late(self) -> ApiError {
        let detail = if self.pace.is_begun() {
            format!(
                "The body came more slowly than {} bytes in {} seconds.",
                PACE_BYTES,
                PACE_SPAN.as_secs()
            )
        } else {
            format!(
                "The body did not arrive within {} seconds.",
                BODY_DEADLINE.as_secs()
            )
        };
        ApiError::new(ProblemCode::BodyTimeout, detail)
    }

    /// All of it, and what it holds.
    fn whole(self) -> (Bytes, Option<Held>) {
        let Self {
            bytes,
            beginning,
            rest,
            ..
        } = self;
        let rest = rest.map(|mut rest| {
            rest.shrink(bytes.len().saturating_sub(BEGINNING) * 2);
            rest
        });
        let held = beginning.map(|beginning| Held::both(beginning, rest));
        (bytes.freeze(), held)
    }
}

/// When a body has to be where.
struct Pace {
    /// When all of it has to be there.
    end: Instant,
    /// When it has to be longer than this.
    step: Option<(Instant, usize)>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            end: Instant::now() + BODY_DEADLINE,
            step: None,
        }
    }
}

impl Pace {
    fn begin(&mut self, length: usize) {
        self.step = Some((Instant::now() + PACE_SPAN, length + PACE_BYTES));
    }

    fn is_begun(&self) -> bool {
        self.step.is_some()
    }

    fn extend(&mut self, by: Duration) {
        self.end += by;
    }

    fn reached(&mut self, length: usize) {
        if self.step.is_some_and(|(_, next)| length >= next) {
            self.begin(length);
        }
    }

    fn due(&self) -> Instant {
        self.step.map_or(self.end, |(due, _)| due.min(self.end))
    }
}

fn broken(error: &axum::Error) -> ApiError {
    let reason = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    ApiError::new(
        ProblemCode::BadRequest,
        format!("The body could not be read: {reason}."),
    )
}

/// Reads on without keeping anything, up to the limits above.
async fn discard(body: &mut Body) {
    let reading = async {
        let mut left = MAX_DISCARDED;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(length) else {
                return;
            };
            left = rest;
        }
    };
    // Whether it came to an end does not matter: the answer is the same.
    let _ = timeout(DISCARD_DEADLINE, reading).await;
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        ProblemCode::BodyTooLarge,
        format!("This route takes a body of at most {limit} bytes."),
    )
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use axum::body::Body;
    use futures::stream::{self, Stream, StreamExt as _};
    use http::HeaderMap;

    use tokio::time::{Instant, sleep};

    use super::{BEGINNING, MAX_BODY, PACE_SPAN, UNCOUNTED, limit, read};
    use crate::budget::Budget;

    async fn status(body: Body) -> u16 {
        status_within(body, &Budget::default()).await
    }

    async fn status_within(body: Body, budget: &Budget) -> u16 {
        match read(&HeaderMap::new(), body, MAX_BODY, budget).await {
            Ok(_) => 200,
            Err(refused) => refused.into_problem().status,
        }
    }

    fn chunked(chunks: impl Stream<Item = usize> + Send + 'static) -> Body {
        Body::from_stream(chunks.map(|bytes| Ok::<_, Infallible>(vec![b'x'; bytes])))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_given_up() {
        let stalls = stream::iter([10]).chain(stream::pending());
        assert_eq!(status(chunked(stalls)).await, 408);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_body_that_comes_slowly_is_given_up() {
        let began = Instant::now();
        let slow = stream::iter([BEGINNING + 1]).chain(stream::repeat(1_000).then(async |piece| {
            sleep(Duration::from_secs(1)).await;
            piece
        }));
        assert_eq!(status(chunked(Box::pin(slow))).await, 408);
        assert!(began.elapsed() <= PACE_SPAN + Duration::from_secs(1));
        let steady = stream::iter([BEGINNING + 1]).chain(stream::iter(0..20).then(async |_| {
            sleep(Duration::from_secs(1)).await;
            10_000
        }));
        assert_eq!(status(chunked(Box::pin(steady))).await, 200);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_body_holds_is_what_has_come_of_it() {
        let budget = &Budget::default();
        let body = |bytes: usize| Body::from(vec![b'x'; bytes]);
        let (small, held) = read(&HeaderMap::new(), body(UNCOUNTED), MAX_BODY, budget)
            .await
            .unwrap();
        assert!(held.is_none());
        assert_eq!((small.len(), budget.beginnings.used()), (UNCOUNTED, 0));
        let whole = read(&HeaderMap::new(), body(BEGINNING + 500), MAX_BODY, budget).await;
        assert_eq!(budget.beginnings.used(), BEGINNING as u64);
        assert_eq!(budget.bodies.used(), 1_000);
        drop(whole);
        assert_eq!(budget.beginnings.used() + budget.bodies.used(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_without_room_is_refused_after_a_moment_and_a_shorter_one_is_not() {
        let budget = &Budget::default();
        let all = budget.bodies.try_reserve(budget.bodies.size());
        assert_eq!(
            status_within(Body::from(vec![0; MAX_BODY]), budget).await,
            503
        );
        assert_eq!(budget.bodies.refused(), 1);
        assert_eq!(
            status_within(Body::from(vec![0; BEGINNING]), budget).await,
            200
        );
        drop(all);
        assert_eq!(
            status_within(Body::from(vec![0; MAX_BODY]), budget).await,
            200
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_bounded_whether_it_says_how_long_it_is_or_not() {
        assert_eq!(status(Body::from(vec![0; MAX_BODY])).await, 200);
        assert_eq!(status(Body::from(vec![0; MAX_BODY + 1])).await, 413);
        let too_long = stream::iter([MAX_BODY, 1]);
        assert_eq!(status(chunked(too_long)).await, 413);
        assert_eq!(status(chunked(stream::repeat(MAX_BODY))).await, 413);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_the_clients_affair() {
        let broken = stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("gone"))]);
        assert_eq!(status(Body::from_stream(broken)).await, 400);
    }

    #[test]
    fn a_batch_may_be_longer_than_other_bodies() {
        assert_eq!(limit("/api/tasks"), MAX_BODY);
        assert_eq!(limit("/api/tasks/batch"), 8 * MAX_BODY);
        assert_eq!(limit("/api/tasks/batch/"), 8 * MAX_BODY);
        assert_eq!(limit("/api/tasks/batch/x"), MAX_BODY);
    }
}
