//! `/about`: what this server is and runs with. A plain page: its figures move by a small script
//! (`public/about.js`), and stand without it.

mod view;

use axum::extract::{Request, State};
use axum::response::Response;
use http::Method;

use crate::access::{Acting, Face, Need, Table};
use crate::api::settings::in_force;
use crate::error::ApiResult;
use crate::node::Node;
use crate::plain::Page;
use crate::plain::layout::{Frame, page};

/// Where it is.
const ABOUT: &str = "/about";

/// The page's route.
pub(crate) fn routes(table: Table) -> Table {
    table.route(Need::READ, Face::Page, &Method::GET, ABOUT, about)
}

async fn about(
    State(node): State<Node>,
    Acting(engine): Acting,
    request: Request,
) -> ApiResult<Response> {
    let settings = in_force(&node, &engine).await?;
    let frame = Frame {
        title: "About",
        current: ABOUT,
        script: Some("/about.js"),
    };
    let html = page(&frame, &node.site.urls(), &view::content(&settings));
    Ok(Page::new(&html).respond(&request))
}
