//! The one route table.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use glassworks_engine::PayloadSchema;
use glassworks_protocol::{KindInfo, ProblemCode};
use http::uri::PathAndQuery;
use http::{Method, StatusCode, Uri, header};
use tower::ServiceExt as _;
use tower::layer::layer_fn;
use tracing::error;
use utoipa::openapi::OpenApi;
use utoipa_axum::routes;

use crate::access::{Face, Guarded, Need, Rule, Table};
use crate::api::{
    aggregate, audit, batch, claims, events, experiments, health, hello, keys, kinds, live,
    metrics, nodes, output, queues, schedules, sessions, settings, slow, stats, stream, tasks,
};
use crate::error::ApiError;
use crate::labelled::Labelled;
use crate::node::Node;
use crate::openapi::{Served, served};
use crate::{about, assets, docs, learn, openapi, pages, sign_in};

/// The API. Each route brings its path, its method and its documentation with it, and says what it
/// asks of its caller; one without does not compile.
fn api() -> Table {
    Table::new(openapi::frame())
        .api(Need::READ, routes!(tasks::list))
        .api(Need::SUBMIT, routes!(tasks::submit))
        .api(Need::SUBMIT, routes!(batch::submit))
        .api(Need::SUBMIT, routes!(batch::change))
        .api(Need::READ, routes!(tasks::get))
        .api(Need::SUBMIT, routes!(tasks::delete))
        .api(Need::SUBMIT, routes!(tasks::cancel))
        .api(Need::SUBMIT, routes!(tasks::retry))
        .api(Need::READ, routes!(events::events))
        .api(Need::READ, routes!(output::output))
        .api(Need::READ, routes!(live::task_socket))
        .api(Need::READ, routes!(live::socket))
        .api(Need::READ, routes!(kinds::kinds))
        .api(Need::READ, routes!(experiments::list))
        .api(Need::READ, routes!(experiments::get))
        .api(Need::READ, routes!(queues::list))
        .api(Need::READ, routes!(queues::get))
        .api(Need::ADMIN, routes!(queues::put))
        .api(Need::ADMIN, routes!(queues::pause))
        .api(Need::ADMIN, routes!(queues::resume))
        .api(Need::ADMIN, routes!(queues::drain))
        .api(Need::READ, routes!(queues::history))
        .api(Need::READ, routes!(schedules::list))
        .api(Need::ADMIN, routes!(schedules::create))
        .api(Need::READ, routes!(schedules::get))
        .api(Need::ADMIN, routes!(schedules::put, schedules::delete))
        .api(Need::ADMIN, routes!(schedules::pause))
        .api(Need::ADMIN, routes!(schedules::resume))
        .api(Need::READ, routes!(schedules::firings))
        .api(Need::READ, routes!(schedules::tasks))
        .api(Need::ADMIN, routes!(schedules::run))
        .api(Need::READ, routes!(schedules::foretell))
        .api(Need::READ, routes!(nodes::list))
        .api(Need::ADMIN, routes!(nodes::drain))
        .api(Need::ADMIN, routes!(nodes::resume))
        .api(Need::WORK, routes!(claims::claim))
        .api(Need::WORK, routes!(claims::beat))
        .api(Need::WORK, routes!(claims::complete))
        .api(Need::WORK, routes!(claims::fail))
        .api(Need::WORK, routes!(claims::release))
        .api(Need::READ, routes!(stats::stats))
        .api(Need::READ, routes!(stats::short_stats))
        .api(Need::READ, routes!(settings::settings))
        .api(Need::Figures, routes!(metrics::metrics))
        .api(Need::Nothing, routes!(health::health))
        .api(Need::Nothing, routes!(health::live))
        .api(Need::Nothing, routes!(health::ready))
        .api(Need::READ, routes!(served::openapi_json))
        .api(Need::ADMIN, routes!(keys::list, keys::create))
        .api(Need::ADMIN, routes!(keys::revoke))
        .api(Need::READ, routes!(sessions::list))
        .api(Need::READ, routes!(sessions::end))
        .api(Need::ADMIN, routes!(audit::list))
        .api(Need::READ, routes!(hello::hello))
        .api(Need::READ, routes!(slow::slow))
        .api(Need::READ, routes!(aggregate::built_in))
        .api(Need::SUBMIT, routes!(aggregate::urls))
        .api(Need::READ, routes!(stream::stream))
}

/// The OpenAPI document of the API of a server that runs `kinds`, whose payloads are `payloads`.
pub fn openapi(kinds: &[KindInfo], payloads: Vec<PayloadSchema>) -> OpenApi {
    openapi::complete(api().document(), kinds, payloads)
}

/// What each route asks of its caller: the whole table of a server with these kinds.
pub fn rules(node: &Node) -> Vec<Rule> {
    table(node).0.lines()
}

/// The whole table of what asks who is calling, and the API's document.
fn table(node: &Node) -> (Table, OpenApi) {
    let table = api();
    let engine = &node.engine;
    let document = table.document();
    let document = openapi::complete(document, engine.kinds(), engine.payload_schemas());
    let table = docs::routes(table, &document, &node.site);
    let table = learn::routes(table, &node.site);
    let table = sign_in::routes(table);
    let table = about::routes(table);
    (pages::routes(table, node), document)
}

/// Everything that `node` answers. The response of a route says which one it was.
pub(crate) fn router(node: &Node) -> Router {
    let (table, document) = table(node);
    match Served::new(&document) {
        Ok(served) => drop(node.document.set(served)),
        Err(error) => error!(%error, "the OpenAPI document cannot be served"),
    }
    let (routes, rules) = table.into_parts();
    let rules = Arc::new(rules);
    let guarding = node.clone();
    let guard = move |route| Guarded::new(route, guarding.clone(), Arc::clone(&rules));
    let table = routes
        .method_not_allowed_fallback(wrong_method)
        .layer(layer_fn(guard))
        // Whoever signs in needs the browser's files, and they tell nobody anything.
        .merge(
            assets::routes(&node.site)
                .method_not_allowed_fallback(wrong_method)
                .layer(layer_fn(Labelled::new)),
        );
    // What no route takes is tried once more under its canonical path.
    let again = table.clone().fallback(not_found).with_state(node.clone());
    table
        .with_state(node.clone())
        .fallback(move |request| canonical(again, request))
}

/// Answers a path that no route has. A slash at the end makes no difference to the API; a page is
/// sent to its own address, so that it has only one.
async fn canonical(routes: Router, mut request: Request) -> Response {
    let Some(path) = without_slash(request.uri()) else {
        return answer(routes, request).await;
    };
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads && !path.as_str().starts_with("/api/") {
        return Redirect::permanent(path.as_str()).into_response();
    }
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(path);
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    answer(routes, request).await
}

async fn answer(routes: Router, request: Request) -> Response {
    routes
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {})
}

/// The same target without its last slash; `None` when it has none. A second slash at either end
/// is no spelling of anything here: redirected to, `//name` would be another host.
fn without_slash(uri: &Uri) -> Option<PathAndQuery> {
    let path = uri.path().strip_suffix('/')?;
    if path.is_empty() || path.starts_with("//") || path.ends_with('/') {
        return None;
    }
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    target.parse().ok()
}

/// Answers a method that a route does not have; axum adds `Allow`.
async fn wrong_method(method: Method, uri: Uri) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let detail = format!("{} does not take {method}.", uri.path());
    ApiError::new(ProblemCode::MethodNotAllowed, detail).into_response()
}

/// Answers what is not there: with a page for a person, with a problem for a program.
async fn not_found(State(node): State<Node>, mut request: Request) -> Response {
    let uri = request.uri();
    let for_programs = uri.path().starts_with("/api/") || uri.path().starts_with("/fn/");
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads && wants_page && !for_programs {
        // It is a page as any other, in a spelling of its path that the table does not have.
        return match node.gate.admit(&mut request, Need::READ, Face::Page) {
            Ok(_) => pages::page(State(node), request).await,
            Err(refused) => *refused,
        };
    }
    let detail = format!("There is nothing at {}.", uri.path());
    ApiError::new(ProblemCode::NotFound, detail).into_response()
}
