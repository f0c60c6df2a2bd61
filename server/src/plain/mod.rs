//! Pages that no browser takes over: no markers, no state, and to be read without scripts.

pub(crate) mod layout;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, header};
use leptos::nonce::Nonce;
use maud::Markup;

use crate::guard::headers::page_policy;

/// Stands where each response has its own nonce.
pub(crate) const NONCE: &str = "{nonce}";

/// Stands where a page has the address that it was asked at.
pub(crate) const ORIGIN: &str = "{origin}";

/// A page that was written ahead. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// What stands between one nonce and the next.
    parts: Arc<[String]>,
}

impl Page {
    pub(crate) fn new(html: &Markup) -> Self {
        Self {
            parts: html.0.split(NONCE).map(str::to_owned).collect(),
        }
    }

    /// Answers with the page. Only scripts with this response's nonce run on it.
    pub(crate) fn respond(&self, request: &Request) -> Response {
        let host = request.headers().get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        let nonce = Nonce::new();
        let origin = format!("http://{host}");
        let html = self.parts.join(&*nonce).replace(ORIGIN, &origin);
        let mut response = Html(html).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Some(policy) = page_policy(&nonce, host) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}
