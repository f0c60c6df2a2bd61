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

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, Uri};
use tracing::{debug, error};

use crate::error::ApiError;
use host::AllowedHosts;
use request_id::RequestId;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Checks a request, passes it on, and finishes the response.
pub(crate) async fn guard(
    State(hosts): State<AllowedHosts>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = RequestId::next();
    let method = request.method().clone();
    let uri = request.uri().clone();
    let response = match host::check(&request, &hosts).and_then(|()| origin::check(&request)) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    let mut response = explain(response, id, &method, &uri);
    headers::secure(response.headers_mut());
    debug!(
        request_id = %id,
        %method,
        path = uri.path(),
        status = response.status().as_u16(),
        elapsed_us = started.elapsed().as_micros(),
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
