//! What a server function answers when it cannot do what was asked: a problem document.

use glassworks_protocol::Problem;

use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::codec::JsonCodec;

/// Why a server function did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Refused(pub(crate) Box<Problem>);

impl Refused {
    /// Refused because of `problem`.
    pub(crate) fn new(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl FromServerFnError for Refused {
    type Encoder = JsonCodec;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let problem = match error {
            ServerFnErrorErr::Request(_) => Problem::untyped(503, "The server cannot be reached"),
            // What the server sent is not an answer of ours: a proxy's page, or an older server's.
            ServerFnErrorErr::Deserialization(_) | ServerFnErrorErr::Response(_) => {
                Problem::untyped(502, "The server's answer cannot be read")
            }
            ServerFnErrorErr::Args(detail) | ServerFnErrorErr::MissingArg(detail) => {
                Problem::untyped(400, "Bad request").with_detail(detail)
            }
            other => Problem::untyped(500, "Something went wrong").with_detail(other.to_string()),
        };
        Self::new(problem)
    }
}

/// Refuses with `problem`, and gives the response its status.
#[cfg(feature = "ssr")]
pub(crate) fn refuse(problem: Problem) -> Refused {
    if !is_plain_form() {
        set_status(problem.status);
    }
    Refused::new(problem)
}

/// Gives the page that is being rendered this HTTP status; nothing in the browser.
pub(crate) fn set_status(status: u16) {
    #[cfg(feature = "ssr")]
    on_the_server::set_status(status);
    #[cfg(not(feature = "ssr"))]
    let _ = status;
}

#[cfg(feature = "ssr")]
pub(crate) use on_the_server::{is_plain_form, refuse_error};

/// The HTTP status of a refusal, which Leptos leaves at 500.
#[cfg(feature = "ssr")]
mod on_the_server {
    use glassworks_engine::Error;
    use http::header::{ACCEPT, RETRY_AFTER};
    use http::request::Parts;
    use http::{HeaderValue, Method, StatusCode};
    use leptos::prelude::use_context;
    use leptos_axum::ResponseOptions;

    use super::Refused;

    /// Sets the status of the response.
    pub(super) fn set_status(status: u16) {
        if let Some(response) = use_context::<ResponseOptions>()
            && let Ok(status) = StatusCode::from_u16(status)
        {
            response.set_status(status);
        }
    }

    /// Refuses because the engine did.
    pub(crate) fn refuse_error(error: &Error) -> Refused {
        if let (Some(response), Some(wait)) =
            (use_context::<ResponseOptions>(), error.retry_after())
        {
            response.insert_header(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        super::refuse(error.problem())
    }

    /// Whether the request is a form sent without JavaScript. Its answer is a redirect to a page,
    /// whose status must stay that of a redirect.
    pub(crate) fn is_plain_form() -> bool {
        use_context::<Parts>().is_some_and(|request| {
            request.method == Method::POST
                && request
                    .headers
                    .get(ACCEPT)
                    .and_then(|accept| accept.to_str().ok())
                    .is_some_and(|accept| accept.contains("text/html"))
        })
    }
}
