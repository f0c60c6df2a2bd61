//! The guard around each route: it calls the route for those who may, and leaves the route's path in
//! the response, for whoever counts outside the route table.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use glassworks_engine::Caller;
use pin_project_lite::pin_project;
use tower::Service;

use super::rules::Rules;
use super::until::until_ended;
use crate::node::Node;

/// A route, called only for those who may.
#[derive(Clone)]
pub(crate) struct Guarded<S> {
    route: S,
    node: Node,
    rules: Arc<Rules>,
}

impl<S> Guarded<S> {
    pub(crate) fn new(route: S, node: Node, rules: Arc<Rules>) -> Self {
        Self { route, node, rules }
    }
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Guarding<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.route.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let path = request.extensions().get::<MatchedPath>().cloned();
        let of_path = path.as_ref().map_or("", MatchedPath::as_str);
        let admitted = match self.rules.of(of_path, request.method()) {
            Some((need, face)) => self.node.gate.admit(&mut request, need, face),
            // The route says which methods it has, and does no more.
            None => Ok(None),
        };
        match admitted {
            Ok(caller) => Guarding {
                path,
                caller,
                refused: None,
                answer: Some(self.route.call(request)),
            },
            Err(refused) => Guarding {
                path,
                caller: None,
                refused: Some(refused),
                answer: None,
            },
        }
    }
}

pin_project! {
    /// The answer of a guarded route, or why there is none.
    pub(crate) struct Guarding<F> {
        path: Option<MatchedPath>,
        caller: Option<Caller>,
        refused: Option<Box<Response>>,
        #[pin]
        answer: Option<F>,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Guarding<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match (this.refused.take(), this.answer.as_pin_mut()) {
            (Some(refused), _) => *refused,
            (None, Some(answer)) => ready!(answer.poll(cx))?,
            // Polled again after its end, which nobody does.
            (None, None) => return Poll::Pending,
        };
        if let Some(caller) = this.caller.take() {
            response = until_ended(response, &caller);
        }
        if let Some(path) = this.path.take() {
            response.extensions_mut().insert(path);
        }
        Poll::Ready(Ok(response))
    }
}
