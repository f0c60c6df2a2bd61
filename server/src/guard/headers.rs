//! The headers that tell a browser what responses may not be used for.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue, header};

const FIXED: [(HeaderName, HeaderValue); 6] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
];

/// The policy of everything that is no page: nothing in it may load or run anything.
const NO_PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Adds what is missing. What a response says about itself (a page's policy, a file's caching)
/// stays.
pub(super) fn secure(headers: &mut HeaderMap) {
    headers.reserve(FIXED.len() + 2);
    for (name, value) in FIXED {
        headers.insert(name, value);
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(NO_PAGE);
    // Answers about tasks are out of date as soon as they are sent.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// The policy of a page (CSP level 3): scripts that carry `nonce` and what they load, wasm, and
/// this server's own styles, images and requests.
///
/// `host` is the page's own authority. It is named for the WebSocket because `'self'` does not cover
/// `ws:` in every browser.
pub(crate) fn page_policy(nonce: &str, host: &str) -> Option<HeaderValue> {
    let mut policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; connect-src 'self'"
    );
    // Cannot fail: a String takes all that is written to it.
    let _ = write!(policy, " ws://{host} wss://{host}");
    HeaderValue::try_from(policy).ok()
}
