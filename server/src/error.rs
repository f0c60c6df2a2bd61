//! What goes wrong in a request, and how its client hears of it.
//!
//! Whatever a client can cause is a problem document (RFC 9457) that says what is wrong. Everything
//! else has a cause: that is logged with the request it happened in, and the client gets a bare 500.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use glassworks_engine as engine;
use glassworks_protocol::{FieldError, Problem, ProblemCode};
use http::{HeaderValue, StatusCode, header};

/// What a route returns.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// Why a request was not met.
///
/// As a response it is a bare status that carries the error along; the outermost middleware
/// ([`crate::guard`]) writes the document, because only there are the path and the request's id known.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    problem: Box<Problem>,
    retry_after: Option<Duration>,
    cause: Option<String>,
}

impl ApiError {
    /// `detail` is what is wrong this time, as a sentence for the client.
    pub(crate) fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self::from(Problem::new(code).with_detail(detail))
    }

    /// 422: the request was understood, but these parts of it are not acceptable.
    pub(crate) fn unprocessable(detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        let problem = Problem::new(ProblemCode::Invalid).with_detail(detail);
        Self::from(problem.with_errors(errors))
    }

    /// 500: `cause` is for the log alone.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        let mut error = Self::new(
            ProblemCode::Internal,
            "Something went wrong in the server. It has been logged.",
        );
        error.cause = Some(cause.into());
        error
    }

    /// With the time after which the same may be sent again.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What the log should say about it, when it is the server's own fault.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The problem, without the path.
    pub(crate) fn into_problem(self) -> Problem {
        *self.problem
    }

    /// Turns `response`, which this error became, into the document for the client that asked for
    /// `path`. Headers that are there already (such as `Allow`) stay.
    pub(crate) fn document(self, path: &str, response: Response) -> Response {
        let (mut parts, _) = response.into_parts();
        let body = Json(self.problem.at(path)).into_response().into_body();
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(wait) = self.retry_after {
            // Whole seconds (RFC 9110, section 10.2.3), rounded up: earlier would be too early.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            parts
                .headers
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        Response::from_parts(parts, body)
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            retry_after: None,
            cause: None,
        }
    }
}

impl From<engine::Error> for ApiError {
    fn from(error: engine::Error) -> Self {
        let problem = error.problem();
        let internal = problem.status >= 500 && error.retry_after().is_none();
        Self {
            retry_after: error.retry_after(),
            cause: internal.then(|| error.to_string()),
            problem: Box::new(problem),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
