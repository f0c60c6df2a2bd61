//! Answers take their part of the budget until their clients have taken them.
//!
//! What is held is tied to the bytes themselves and not to the body that they come in: a body is
//! done with as soon as the connection has its last piece, which may be long before the client.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use glassworks_protocol::ProblemCode;
use http::{HeaderValue, header};
use hyper::body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use serde::Serialize;
use tower::Service;

use crate::budget::{Owed, PATIENCE, Permit, SMALL, Share};
use crate::error::{ApiError, ApiResult};

/// Room for so much may be filled with what takes a millisecond to write, in bytes.
const LONG: usize = 1024 * 1024;

/// In a response's extensions: its bytes are counted already, or are in memory in any case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted;

/// What keeps bytes counted for as long as there is one of these.
#[derive(Clone)]
pub(crate) struct Held {
    _kept: Arc<dyn Send + Sync>,
    bytes: usize,
}

impl From<Permit> for Held {
    fn from(permit: Permit) -> Self {
        let bytes = permit.bytes();
        Self {
            _kept: Arc::new(permit),
            bytes,
        }
    }
}

impl From<Owed> for Held {
    fn from(owed: Owed) -> Self {
        Self {
            _kept: Arc::new(owed),
            bytes: 0,
        }
    }
}

impl Held {
    /// That of a body's beginning and of its rest.
    pub(crate) fn both(beginning: Permit, rest: Option<Permit>) -> Self {
        let bytes = beginning.bytes() + rest.as_ref().map_or(0, Permit::bytes);
        Self {
            _kept: Arc::new((beginning, rest)),
            bytes,
        }
    }

    /// `data`, which is counted until the last copy of it is gone.
    pub(crate) fn tie(self, data: impl AsRef<[u8]> + Send + 'static) -> Bytes {
        Bytes::from_owner(Tied { data, _held: self })
    }
}

struct Tied<T> {
    data: T,
    _held: Held,
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Tied<T> {
    fn as_ref(&self) -> &[u8] {
        self.data.as_ref()
    }
}

/// 503: too much is held for others.
pub(crate) fn no_room() -> ApiError {
    let detail = "The server holds as much for its clients as it may at this moment.";
    ApiError::new(ProblemCode::NoRoom, detail).retry_after(PATIENCE)
}

/// Room for an answer that is yet to be read, of `bytes` at most; waits for a moment.
pub(crate) async fn room(share: &Share, bytes: usize) -> ApiResult<Permit> {
    share.reserve_soon(bytes).await.ok_or_else(no_room)
}

/// `value` as an answer of JSON that holds what it needs of `permit`. The work of writing it is for
/// a thread of its own when it may take milliseconds, since others wait for this one.
pub(crate) async fn json(
    value: impl Serialize + Send + 'static,
    permit: Permit,
) -> ApiResult<Response> {
    let text = if permit.bytes() < LONG {
        serde_json::to_vec(&value)
    } else {
        tokio::task::spawn_blocking(move || serde_json::to_vec(&value))
            .await
            .map_err(|error| ApiError::internal(error.to_string()))?
    };
    let text = text.map_err(|error| ApiError::internal(error.to_string()))?;
    let mut response = whole(text, permit).into_response();
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.extensions_mut().insert(Counted);
    Ok(response)
}

/// `text` as a body that holds what it needs of `permit`.
pub(crate) fn whole(text: impl AsRef<[u8]> + Send + 'static, mut permit: Permit) -> Body {
    permit.shrink(text.as_ref().len());
    Body::from(Held::from(permit).tie(text))
}

/// Routes whose answers are counted in a share.
#[derive(Clone)]
pub(crate) struct Counting<S> {
    routes: S,
    share: Share,
}

impl<S> Counting<S> {
    pub(crate) fn new(routes: S, share: Share) -> Self {
        Self { routes, share }
    }
}

impl<S> Service<Request> for Counting<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = CountedAnswer<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.routes.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        CountedAnswer {
            held: request.extensions_mut().remove(),
            safe: request.method().is_safe(),
            share: self.share.clone(),
            answer: self.routes.call(request),
        }
    }
}

pin_project! {
    /// The answer of a route, counted.
    pub(crate) struct CountedAnswer<F> {
        // What the request's body holds covers its answer too: most of that is what was sent.
        held: Option<Held>,
        safe: bool,
        share: Share,
        #[pin]
        answer: F,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for CountedAnswer<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.answer.poll(cx))?;
        Poll::Ready(Ok(count(
            response,
            this.held.take(),
            *this.safe,
            this.share,
        )))
    }
}

fn count(response: Response, held: Option<Held>, safe: bool, share: &Share) -> Response {
    // A stream counts what it gives by itself.
    let bytes = response.body().size_hint().exact().unwrap_or(0);
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if bytes <= SMALL || response.extensions().get::<Counted>().is_some() {
        return response;
    }
    let held = match held.filter(|held| held.bytes >= bytes) {
        Some(held) => held,
        None => match share.try_reserve(bytes) {
            Some(permit) => permit.into(),
            None if safe => {
                share.refuse();
                return refused(&response);
            }
            // It has been done, so its client is told. Others are refused before they begin.
            None => share.take(bytes).into(),
        },
    };
    response.map(|body| Body::new(HeldBody { body, held }))
}

/// In place of `response`; still from the same route.
fn refused(response: &Response) -> Response {
    let mut refusal = no_room().into_response();
    if let Some(route) = response.extensions().get::<MatchedPath>() {
        refusal.extensions_mut().insert(route.clone());
    }
    refusal
}

/// A body whose pieces are counted.
struct HeldBody {
    body: Body,
    held: Held,
}

impl HttpBody for HeldBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let tied = |frame: Frame<Bytes>| frame.map_data(|data| self.held.clone().tie(data));
        Poll::Ready(frame.map(|frame| frame.map(tied)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::response::{IntoResponse as _, Response};
    use http_body_util::BodyExt as _;

    use super::{Held, count};
    use crate::budget::Budget;

    fn answer(bytes: usize) -> Response {
        Body::from(vec![b'x'; bytes]).into_response()
    }

    #[tokio::test]
    async fn an_answer_is_counted_until_its_last_byte_is_gone() {
        let share = &Budget::default().answers;
        let mut response = count(answer(100_000), None, true, share);
        assert_eq!(share.used(), 100_000);
        let mut data = response
            .frame()
            .await
            .unwrap()
            .unwrap()
            .into_data()
            .unwrap();
        drop(response);
        let rest = data.split_off(99_999);
        drop(data);
        assert_eq!(share.used(), 100_000);
        drop(rest);
        assert_eq!(share.used(), 0);
    }

    #[tokio::test]
    async fn without_room_a_read_is_refused_and_a_change_is_told() {
        let share = &Budget::default().answers;
        let all = share.try_reserve(share.size());
        assert_eq!(count(answer(2_000), None, true, share).status(), 503);
        assert_eq!(count(answer(1_000), None, true, share).status(), 200);
        let told = count(answer(2_000), None, false, share);
        assert_eq!(told.status(), 200);
        assert!(share.is_exhausted());
        drop((told, all));
        assert_eq!(share.used(), 0);
    }

    #[tokio::test]
    async fn what_a_body_holds_is_enough_for_its_answer() {
        let budget = Budget::default();
        let held: Held = budget.bodies.try_reserve(5_000).unwrap().into();
        let response = count(answer(4_000), Some(held), false, &budget.answers);
        assert_eq!((budget.answers.used(), budget.bodies.used()), (0, 5_000));
        drop(response);
        assert_eq!(budget.bodies.used(), 0);
    }
}
