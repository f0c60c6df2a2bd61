//! What every request passes through, and every response gets.
//!
//! In one place, so that the order can be read: who is asked for, who asks, then (elsewhere) the
//! route, then the problem document of whatever went wrong, the security headers, the figures and
//! the log. Each rule is a room of its own.

pub(crate) mod body;
pub(crate) mod headers;
pub mod host;
mod origin;
mod request_id;

use std::any::Any;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, Uri};
use tracing::{debug, error};

use crate::error::ApiError;
use crate::node::Node;
use crate::traffic::{Open, Traffic};
use host::AllowedHosts;
use request_id::RequestId;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What stands for the route of a request that is for none.
const NO_ROUTE: &str = "none";

/// What every request is checked against, and counted in.
pub(crate) struct Admission {
    hosts: AllowedHosts,
    traffic: Traffic,
}

impl Admission {
    /// That of `node`.
    pub(crate) fn of(node: &Node) -> Self {
        Self::new(node.hosts.clone(), node.traffic.clone())
    }

    pub(crate) fn new(hosts: AllowedHosts, traffic: Traffic) -> Self {
        Self { hosts, traffic }
    }
}

/// A request on its way through: what is said of it at the end.
pub(crate) struct Visit {
    started: Instant,
    open: Open,
    id: RequestId,
    method: Method,
    uri: Uri,
}

/// A response, and the mark of its request.
pub(crate) struct Answered {
    pub(crate) response: Response,
    /// To be kept until the answer's last byte.
    pub(crate) open: Open,
}

impl Admission {
    /// Takes note of a request. To be checked next, and finished in any case.
    pub(crate) fn enter(&self, request: &Request) -> Visit {
        Visit {
            started: Instant::now(),
            open: self.traffic.open(),
            id: RequestId::next(),
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }

    /// Whether the request may go on to its route.
    pub(crate) fn check(&self, request: &Request) -> Result<(), ApiError> {
        host::check(request, &self.hosts)?;
        origin::check(request)
    }

    /// Finishes the response to a request, and counts it.
    pub(crate) fn finish(&self, visit: Visit, response: Response) -> Answered {
        let Visit {
            started,
            open,
            id,
            method,
            uri,
        } = visit;
        let mut response = explain(response, id, &method, &uri);
        headers::secure(response.headers_mut());
        let elapsed = started.elapsed();
        let route = response.extensions().get::<MatchedPath>();
        let route = route.map_or(NO_ROUTE, MatchedPath::as_str);
        self.traffic
            .answered(route, &method, response.status(), elapsed);
        debug!(
            request_id = %id,
            %method,
            path = uri.path(),
            status = response.status().as_u16(),
            elapsed_us = elapsed.as_micros(),
            "answered"
        );
        Answered { response, open }
    }
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
