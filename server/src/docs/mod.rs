//! `/docs`: the OpenAPI document as a page for people, and guides and the problems beside it.
//!
//! Written once, when the server starts. They can be read without scripts; with them
//! (`public/docs.js`) each operation can be tried, and streams are shown as they arrive.

mod example;
mod guide;
mod operation;
mod parameters;
mod problems;
mod reference;
mod schema;
mod text;

use axum::extract::Request;
use http::Method;
use utoipa::openapi::OpenApi;

use crate::access::{Face, Need, Table};
use crate::plain::Page;
use crate::plain::layout::{self, Frame};
use crate::site::Site;

/// The path of the API's page.
const REFERENCE: &str = "/docs";

/// The path of what there is to know about problems.
const PROBLEMS: &str = "/docs/problems";

/// The path of the guide for people who come from elsewhere.
const COMING: &str = "/docs/coming-from-fastapi-and-celery";

/// The path of the guide for those who have a web application.
const FASTAPI: &str = "/docs/fastapi";

/// A route for each page.
pub(crate) fn routes(table: Table, document: &OpenApi, site: &Site) -> Table {
    let urls = site.urls();
    let pages = [
        (REFERENCE, "API", reference::content(document)),
        (PROBLEMS, "Problems", problems::content()),
        (COMING, "Coming from FastAPI and Celery", guide::coming()),
        (FASTAPI, "FastAPI without BackgroundTasks", guide::fastapi()),
    ];
    pages
        .into_iter()
        .fold(table, |table, (path, title, content)| {
            let frame = Frame {
                title,
                current: REFERENCE,
                script: Some("/docs.js"),
            };
            let page = Page::new(&layout::page(&frame, &urls, &content));
            let respond = async move |request: Request| page.respond(&request);
            table.route(Need::READ, Face::Page, &Method::GET, path, respond)
        })
}
