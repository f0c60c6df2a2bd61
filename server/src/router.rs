//! The one route table.

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
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::{
    aggregate, batch, events, experiments, health, hello, kinds, live, metrics, nodes, output, queues,
    schedules, slow, stats, stream, tasks,
};
use crate::error::ApiError;
use crate::labelled::Labelled;
use crate::node::Node;
use crate::openapi::{Served, served};
use crate::{assets, docs, openapi, pages};

/// The API. Each route brings its path, its method and its documentation with it; one without
/// does not compile.
fn api() -> OpenApiRouter<Node> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(tasks::list, tasks::submit))
        .routes(routes!(batch::submit))
        .routes(routes!(batch::change))
        .routes(routes!(tasks::get, tasks::delete))
        .routes(routes!(tasks::cancel))
        .routes(routes!(tasks::retry))
        .routes(routes!(events::events))
        .routes(routes!(output::output))
        .routes(routes!(live::task_socket))
        .routes(routes!(live::socket))
        .routes(routes!(kinds::kinds))
        .routes(routes!(experiments::list))
        .routes(routes!(experiments::get))
        .routes(routes!(queues::list))
        .routes(routes!(queues::get, queues::put))
        .routes(routes!(queues::pause))
        .routes(routes!(queues::resume))
        .routes(routes!(schedules::list, schedules::create))
        .routes(routes!(schedules::get, schedules::put, schedules::delete))
        .routes(routes!(schedules::pause))
        .routes(routes!(schedules::resume))
        .routes(routes!(schedules::firings))
        .routes(routes!(nodes::list))
        .routes(routes!(stats::stats))
        .routes(routes!(stats::short_stats))
        .routes(routes!(metrics::metrics))
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(served::openapi_json))
        .routes(routes!(hello::hello))
        .routes(routes!(slow::slow))
        .routes(routes!(aggregate::built_in, aggregate::urls))
        .routes(routes!(stream::stream))
}

/// The OpenAPI document of the API of a server that runs `kinds`, whose payloads are `payloads`.
pub fn openapi(kinds: &[KindInfo], payloads: Vec<PayloadSchema>) -> OpenApi {
    openapi::complete(api().into_openapi(), kinds, payloads)
}

/// Everything that `node` answers. The response of a route says which one it was.
pub(crate) fn router(node: &Node) -> Router {
    let (api, document) = api().split_for_parts();
    let engine = &node.engine;
    let document = openapi::complete(document, engine.kinds(), engine.payload_schemas());
    match Served::new(&document) {
        Ok(served) => drop(node.document.set(served)),
        Err(error) => error!(%error, "the OpenAPI document cannot be served"),
    }
    let table = api
        .merge(docs::routes(&document, &node.site))
        .merge(pages::routes(node))
        .merge(assets::routes(&node.site))
        .method_not_allowed_fallback(wrong_method);
    // What no route takes is tried once more under its canonical path.
    let again = table.clone().fallback(not_found).with_state(node.clone());
    table
        .layer(layer_fn(Labelled::new))
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
async fn not_found(State(node): State<Node>, request: Request) -> Response {
    let uri = request.uri();
    let for_programs = uri.path().starts_with("/api/") || uri.path().starts_with("/fn/");
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads && wants_page && !for_programs {
        return pages::page(State(node), request).await;
    }
    let detail = format!("There is nothing at {}.", uri.path());
    ApiError::new(ProblemCode::NotFound, detail).into_response()
}
