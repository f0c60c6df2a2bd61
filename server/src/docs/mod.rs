//! `/docs`: the OpenAPI document as a page for people, and a guide and the problems beside it.
//!
//! Written once, when the server starts. They can be read without scripts; with them
//! (`public/docs.js`) each operation can be tried, and streams are shown as they arrive.

mod example;
mod guide;
pub(crate) mod layout;
mod operation;
mod parameters;
mod problems;
mod reference;
mod schema;
mod text;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, Method, header};
use leptos::nonce::Nonce;
use maud::Markup;
use utoipa::openapi::OpenApi;

use crate::access::{Face, Need, Table};
use crate::guard::headers::page_policy;
use crate::site::Site;

/// The path of the API's page.
const REFERENCE: &str = "/docs";

/// The path of what there is to know about problems.
const PROBLEMS: &str = "/docs/problems";

/// The path of the guide.
const GUIDE: &str = "/docs/coming-from-fastapi-and-celery";

/// Stands where each response has its own nonce.
const NONCE: &str = "{nonce}";

/// A route for each page.
pub(crate) fn routes(table: Table, document: &OpenApi, site: &Site) -> Table {
    let urls = site.urls();
    let pages = [
        (REFERENCE, "API", reference::content(document)),
        (PROBLEMS, "Problems", problems::content()),
        (GUIDE, "Coming from FastAPI and Celery", guide::content()),
    ];
    pages
        .into_iter()
        .fold(table, |table, (path, title, content)| {
            let page = Page::new(&layout::page(title, &urls, NONCE, &content));
            let respond = async move |request: Request| page.respond(&request);
            table.route(Need::READ, Face::Page, &Method::GET, path, respond)
        })
}

/// A page as it is for as long as the process runs. Cheap to clone.
#[derive(Clone, Debug)]
struct Page {
    /// What stands between one nonce and the next.
    parts: Arc<[String]>,
}

impl Page {
    fn new(html: &Markup) -> Self {
        Self {
            parts: html.0.split(NONCE).map(str::to_owned).collect(),
        }
    }

    /// Answers with the page. Only scripts with this response's nonce run on it.
    fn respond(&self, request: &Request) -> Response {
        let host = request.headers().get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        let nonce = Nonce::new();
        let origin = format!("http://{host}");
        let html = self.parts.join(&*nonce).replace(operation::ORIGIN, &origin);
        let mut response = Html(html).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Some(policy) = page_policy(&nonce, host) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}
