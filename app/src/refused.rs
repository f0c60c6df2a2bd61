//! What a server function answers when it cannot do what was asked: a problem document.

use glassworks_protocol::Problem;
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why a server function did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Refused(pub Problem);

impl FromServerFnError for Refused {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let problem = match error {
            ServerFnErrorErr::Request(_) => Problem::new(0, "The server cannot be reached"),
            ServerFnErrorErr::Args(detail) | ServerFnErrorErr::MissingArg(detail) => {
                Problem::new(400, "The request is not understood").with_detail(detail)
            }
            other => Problem::new(500, "Something went wrong").with_detail(other.to_string()),
        };
        Self(problem)
    }
}

#[cfg(feature = "ssr")]
pub use on_the_server::answer;

/// Setting the HTTP status, which Leptos leaves at 500.
#[cfg(feature = "ssr")]
mod on_the_server {
    use glassworks_engine::Error;
    use http::header::{ACCEPT, RETRY_AFTER};
    use http::request::Parts;
    use http::{HeaderValue, Method, StatusCode};
    use leptos::prelude::use_context;
    use leptos_axum::ResponseOptions;

    use super::Refused;

    /// Turns an engine's error into what the browser is told, with its status on the response.
    pub fn answer(error: &Error) -> Refused {
        let problem = error.problem();
        if let Some(response) = use_context::<ResponseOptions>()
            && !is_plain_form(use_context::<Parts>().as_ref())
        {
            if let Ok(status) = StatusCode::from_u16(problem.status) {
                response.set_status(status);
            }
            if let Some(wait) = error.retry_after() {
                response.insert_header(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
            }
        }
        Refused(problem)
    }

    /// Whether this is a form sent without JavaScript: its answer is a redirect back to the form,
    /// whose status must stay as it is.
    fn is_plain_form(request: Option<&Parts>) -> bool {
        request.is_some_and(|request| {
            request.method == Method::POST
                && request
                    .headers
                    .get(ACCEPT)
                    .and_then(|accept| accept.to_str().ok())
                    .is_some_and(|accept| accept.contains("text/html"))
        })
    }
}
