//! What every request passes through, and every response gets.
//!
//! One function, so that the order can be read: who is asked for, who asks, then the route, then
//! the problem document of whatever went wrong, the security headers and the log. Each rule is a
//! room of its own.

pub(crate) mod body;
pub(crate) mod headers;
pub mod host;
mod origin;
mod request_id;

use std::any::Any;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, Uri};
use tracing::{debug, error};

use crate::error::ApiError;
use crate::node::Node;
use crate::traffic::Traffic;
use host::AllowedHosts;
use request_id::RequestId;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What stands for the route of a request that is for none, or for one in another spelling.
const NO_ROUTE: &str = "none";

/// What every request is checked against, and counted in.
#[derive(Clone)]
pub(crate) struct Admission {
    hosts: AllowedHosts,
    traffic: Traffic,
}

impl Admission {
    /// That of `node`.
    pub(crate) fn of(node: Node) -> Self {
        Self {
            hosts: node.hosts,
            traffic: node.traffic,
        }
    }
}

/// Checks a request, passes it on, and finishes the response.
pub(crate) async fn guard(
    State(Admission { hosts, traffic }): State<Admission>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let open = traffic.open();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let id = RequestId::next();
    let method = request.method().clone();
    let uri = request.uri().clone();
    let response = match host::check(&request, &hosts).and_then(|()| origin::check(&request)) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    let mut response = explain(response, id, &method, &uri);
    headers::secure(response.headers_mut());
    // Taken by the listener, which keeps it until the answer's last byte.
    response.extensions_mut().insert(open);
    let elapsed = started.elapsed();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    traffic.answered(route, &method, response.status(), elapsed);
    debug!(
        request_id = %id,
        %method,
        path = uri.path(),
        status = response.status().as_u16(),
        elapsed_us = elapsed.as_micros(),
        "answered"
    );
    response
}

/// Writes the problem document of a response that came from an error, with the number by which the
/// log has it, and logs what the client is not told.
fn explain(mut response: Response, id: RequestId, method: &Method, uri: &Uri) -> Response {
    let Some(failure) = response.extensions_mut().remove::<ApiError>() else {
        return response;
    };
    if let Some(cause) = failure.cause() {
        error!(request_id = %id, %method, path = uri.path(), cause, "a request failed");
    }
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    failure.document(uri.path(), response)
}

/// The response to a request whose route panicked. The panic hook has logged where it happened.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature that the layer wants"
)]
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    ApiError::internal(format!("panic: {message}")).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use axum::{Json, Router};
    use glassworks_protocol::Problem;
    use http::StatusCode;
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::host::AllowedHosts;
    use super::{Admission, REQUEST_ID, guard, panicked};
    use crate::error::ApiError;
    use crate::traffic::Traffic;

    async fn panics() -> Json<()> {
        panic!("a secret")
    }

    async fn fails() -> ApiError {
        ApiError::internal("a secret")
    }

    #[tokio::test]
    async fn what_goes_wrong_inside_is_a_bare_500() {
        let admission = Admission {
            hosts: AllowedHosts::new(([127, 0, 0, 1], 8000).into(), &[]),
            traffic: Traffic::default(),
        };
        let routes = Router::new()
            .route("/panics", get(panics))
            .route("/fails", get(fails))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn_with_state(admission, guard));
        for path in ["/panics", "/fails"] {
            let request = Request::get(path).header("host", "localhost");
            let request = request.body(Body::empty()).unwrap();
            let response = routes.clone().oneshot(request).await.unwrap();
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
