//! The one route table.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::uri::PathAndQuery;
use http::{Method, StatusCode, Uri, header};
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::api::unbuffered::WorthCompressing;
use crate::api::{
    aggregate, batch, events, health, hello, kinds, live, metrics, nodes, output, queues,
    schedules, slow, stats, stream, tasks,
};
use crate::error::ApiError;
use crate::guard::{Admission, body, guard, panicked};
use crate::node::Node;
use crate::{assets, pages};

/// Everything that this server answers, guards included. To be called within a Tokio runtime.
pub fn router(node: Node) -> Router {
    let table = Router::new()
        .route("/api/hello", get(hello::hello))
        .route("/api/slow", get(slow::slow))
        .route("/api/aggregate", get(aggregate::built_in))
        .route("/api/stream", get(stream::stream))
        .route("/api/tasks", get(tasks::list).post(tasks::submit))
        .route("/api/tasks/batch", post(batch::submit))
        .route("/api/tasks/bulk", post(batch::change))
        .route("/api/tasks/{id}", get(tasks::get).delete(tasks::delete))
        .route("/api/tasks/{id}/cancel", post(tasks::cancel))
        .route("/api/tasks/{id}/retry", post(tasks::retry))
        .route("/api/tasks/{id}/events", get(events::events))
        .route("/api/tasks/{id}/output", get(output::output))
        .route("/api/tasks/{id}/ws", get(live::task_socket))
        .route("/api/ws", get(live::socket))
        .route("/api/kinds", get(kinds::kinds))
        .route("/api/queues", get(queues::list))
        .route("/api/queues/{name}", get(queues::get).put(queues::put))
        .route("/api/queues/{name}/pause", post(queues::pause))
        .route("/api/queues/{name}/resume", post(queues::resume))
        .route(
            "/api/schedules",
            get(schedules::list).post(schedules::create),
        )
        .route(
            "/api/schedules/{id}",
            get(schedules::get)
                .put(schedules::put)
                .delete(schedules::delete),
        )
        .route("/api/schedules/{id}/pause", post(schedules::pause))
        .route("/api/schedules/{id}/resume", post(schedules::resume))
        .route("/api/schedules/{id}/firings", get(schedules::firings))
        .route("/api/nodes", get(nodes::list))
        .route("/api/stats", get(stats::stats))
        .route("/stats", get(stats::stats))
        .route("/api/health", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .merge(pages::routes(&node))
        .merge(assets::routes(&node.site))
        .method_not_allowed_fallback(wrong_method);
    // What no route takes is tried once more under its canonical path.
    let again = table.clone().fallback(not_found).with_state(node.clone());
    table
        .with_state(node.clone())
        .fallback(move |request| canonical(again, request))
        .layer(from_fn(body::collect))
        .layer(CompressionLayer::new().compress_when(WorthCompressing))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Admission::of(node), guard))
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
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response()
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
    ApiError::new(StatusCode::NOT_FOUND, detail).into_response()
}
