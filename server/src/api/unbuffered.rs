//! Marks the responses that have to leave as they are made.
//!
//! Marked, and not guessed from a content type: whoever adds a stream says so.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue};
use hyper::body::Body;
use tower_http::compression::Predicate;
use tower_http::compression::predicate::{NotForContentType, SizeAbove};

/// The mark, in a response's extensions.
#[derive(Clone, Copy, Debug)]
struct Unbuffered;

/// Says of a response that no one may hold it back: not our compression, not a proxy before us.
pub(crate) fn unbuffered(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    response.extensions_mut().insert(Unbuffered);
    // Understood by nginx and those that follow it.
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// Which responses are compressed: long enough to gain from it, not compressed already, and not
/// marked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorthCompressing;

/// Below about one packet, compressing costs time and saves none.
const WORTH_BYTES: u64 = 1024;

impl Predicate for WorthCompressing {
    fn should_compress<B: Body>(&self, response: &http::Response<B>) -> bool {
        response.extensions().get::<Unbuffered>().is_none()
            && SizeAbove::new(WORTH_BYTES)
                .and(NotForContentType::IMAGES)
                .should_compress(response)
    }
}
