//! Lets a response say which route it is from, for whoever counts outside the route table.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use pin_project_lite::pin_project;
use tower::Service;

/// A route that leaves its [`MatchedPath`] in the extensions of its responses.
#[derive(Clone, Debug)]
pub(crate) struct Labelled<S>(S);

impl<S> Labelled<S> {
    pub(crate) fn new(route: S) -> Self {
        Self(route)
    }
}

impl<S> Service<Request> for Labelled<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Labelling<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Labelling {
            label: request.extensions().get::<MatchedPath>().cloned(),
            answer: self.0.call(request),
        }
    }
}

pin_project! {
    /// The answer of a labelled route.
    pub(crate) struct Labelling<F> {
        label: Option<MatchedPath>,
        #[pin]
        answer: F,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Labelling<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.answer.poll(cx))?;
        if let Some(label) = this.label.take() {
            response.extensions_mut().insert(label);
        }
        Poll::Ready(Ok(response))
    }
}
