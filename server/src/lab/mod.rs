//! `/lab`: the experiments, as pages that can be read without scripts. A run is a task, and is
//! watched on its own page.

mod experiment;
mod overview;

use axum::extract::Request;
use axum::response::Response;
use glassworks_app::AssetUrls;
use glassworks_engine::{Caller, Handler as _};
use glassworks_handlers::lab::Lab;
use glassworks_handlers::lab::catalogue::experiments;
use glassworks_protocol::Scope;
use http::Method;
use maud::{Markup, html};

use crate::access::{Face, Need, Table};
use crate::node::Node;
use crate::plain::Page;
use crate::plain::layout::{self, Frame};

/// Where the experiments are listed.
const LAB: &str = "/lab";

/// Whether whoever looks can run experiments here.
#[derive(Clone, Copy)]
enum Running {
    Yes,
    /// Their key does not let them.
    NotAllowed,
    /// This server has no lab.
    NotHere,
}

/// A route for each page.
pub(crate) fn routes(table: Table, node: &Node) -> Table {
    let urls = node.site.urls();
    let is_here = node
        .engine
        .kinds()
        .iter()
        .any(|info| info.kind == Lab::KIND);
    let yes = if is_here {
        Running::Yes
    } else {
        Running::NotHere
    };
    let no = if is_here {
        Running::NotAllowed
    } else {
        Running::NotHere
    };
    let mut pages = vec![(
        LAB.to_owned(),
        "The lab",
        [overview::content(), overview::content()],
    )];
    for (place, one) in experiments().iter().enumerate() {
        let contents = [yes, no].map(|running| experiment::content(place, one, running));
        pages.push((path(one.name), one.lesson.title.as_str(), contents));
    }
    pages
        .into_iter()
        .fold(table, |table, (path, title, contents)| {
            let pages = contents.map(|content| written(title, &urls, &content));
            let respond = async move |request: Request| -> Response {
                let [for_submitters, for_readers] = &pages;
                let caller = request.extensions().get::<Caller>();
                if caller.is_some_and(|caller| caller.scope().allows(Scope::Submit)) {
                    for_submitters.respond(&request)
                } else {
                    for_readers.respond(&request)
                }
            };
            table.route(Need::READ, Face::Page, &Method::GET, &path, respond)
        })
}

/// The path of an experiment's page.
fn path(name: &str) -> String {
    format!("{LAB}/{name}")
}

fn written(title: &str, urls: &AssetUrls, content: &Markup) -> Page {
    let frame = Frame {
        title,
        current: LAB,
        script: None,
    };
    let content = html! { article.docs-text.guide.learn { (content) } };
    Page::new(&layout::page(&frame, urls, &content))
}
