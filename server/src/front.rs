//! What stands between a connection and the routes: the guard, bodies, compression, panics.
//!
//! Around the route table as a whole and not around each of its routes: so a request passes
//! through it without a copy of it being made.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use futures::future::{BoxFuture, Either, FutureExt as _, Ready, TryFutureExt as _, ready};
use hyper::body::Body as _;
use tower::ServiceExt as _;
use tower_http::compression::Compression;

use crate::api::unbuffered::WorthCompressing;
use crate::budget::Budget;
use crate::error::ApiError;
use crate::guard::{Admission, Answered, body, panicked};
use crate::held::{Counting, no_room};
use crate::node::Node;
use crate::router::router;

/// Answers requests for one node. Clones share it.
#[derive(Clone)]
pub struct Front(Arc<Parts>);

struct Parts {
    admission: Admission,
    routes: Compression<Counting<Router>, WorthCompressing>,
    budget: Budget,
    /// Knows whose bodies to take in; `None` where all are, in tests of the front alone.
    node: Option<Node>,
}

impl Front {
    /// Everything that `node` answers, guards included. To be called within a Tokio runtime.
    pub fn new(node: &Node) -> Self {
        let (admission, budget) = (Admission::of(node), node.budget.clone());
        Self::over(router(node), admission, budget, Some(node.clone()))
    }

    fn over(routes: Router, admission: Admission, budget: Budget, node: Option<Node>) -> Self {
        let routes = Counting::new(routes, budget.answers.clone());
        Self(Arc::new(Parts {
            admission,
            routes: Compression::new(routes).compress_when(WorthCompressing),
            budget,
            node,
        }))
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request) -> Answered {
        let admission = &self.0.admission;
        let visit = admission.enter(&request);
        let response = match self.admit(request).await {
            Ok(request) => {
                let answer = self.0.routes.clone().oneshot(request);
                // Nothing that a request shares with others is left half done by a panic: what is
                // behind locks is whole between any two statements.
                match AssertUnwindSafe(answer).catch_unwind().await {
                    Ok(Ok(response)) => response.map(Body::new),
                    Ok(Err(never)) => match never {},
                    Err(panic) => panicked(panic),
                }
            }
            Err(refused) => *refused,
        };
        admission.finish(visit, response)
    }

    fn take_body(&self, request: &Request) -> Result<(), Box<Response>> {
        let node = self.0.node.as_ref();
        node.map_or(Ok(()), |node| node.gate.take_body(request))
    }

    /// The request as its route gets it, with its body in memory.
    fn admit(&self, request: Request) -> Either<Ready<Admitted>, BoxFuture<'static, Admitted>> {
        match self.0.admission.check(&request) {
            // What it changes could not be taken back if there were no room for the answer.
            Ok(()) if !request.method().is_safe() && self.0.budget.answers.is_exhausted() => {
                self.0.budget.answers.refuse();
                ready(told(no_room())).left_future()
            }
            Ok(()) if request.body().is_end_stream() => ready(Ok(request)).left_future(),
            Ok(()) => match self.take_body(&request) {
                // Boxed, because every request's future has room for it, and most have no body.
                Ok(()) => body::collect(request, self.0.budget.clone())
                    .or_else(|refused| ready(told(refused)))
                    .boxed()
                    .right_future(),
                Err(refused) => ready(Err(refused)).left_future(),
            },
            Err(refused) => ready(told(refused)).left_future(),
        }
    }
}

/// A request that may go on, or what it is answered with.
type Admitted = Result<Request, Box<Response>>;

fn told(refused: ApiError) -> Admitted {
    Err(Box::new(refused.into_response()))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::routing::get;
    use axum::{Json, Router};
    use glassworks_protocol::Problem;
    use http::StatusCode;

    use super::Front;
    use crate::budget::Budget;
    use crate::error::ApiError;
    use crate::guard::host::AllowedHosts;
    use crate::guard::{Admission, REQUEST_ID};
    use crate::traffic::Traffic;

    async fn panics() -> Json<()> {
        panic!("a secret")
    }

    async fn fails() -> ApiError {
        ApiError::internal("a secret")
    }

    #[tokio::test]
    async fn what_goes_wrong_inside_is_a_bare_500() {
        let hosts = AllowedHosts::new(([127, 0, 0, 1], 8000).into(), &[]);
        let routes = Router::new()
            .route("/panics", get(panics))
            .route("/fails", get(fails));
        let front = Front::over(
            routes,
            Admission::new(hosts, Traffic::default()),
            Budget::default(),
            None,
        );
        for path in ["/panics", "/fails"] {
            let request = Request::get(path).header("host", "localhost");
            let request = request.body(Body::empty()).unwrap();
            let response = front.answer(request).await.response;
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert!(response.headers().contains_key(REQUEST_ID));
            let body = to_bytes(response.into_body(), 10_000).await.unwrap();
            let problem: Problem = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem.status, 500);
            assert_eq!(problem.instance.as_deref(), Some(path));
            assert!(!problem.to_string().contains("secret"), "{problem}");
        }
    }
}
