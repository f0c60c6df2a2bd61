//! The pages, rendered on the server, and the browser's server functions.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on};
use glassworks_app::{App, shell};
use http::{HeaderMap, HeaderValue, header};
use leptos::PrefetchLazyFn;
use leptos::nonce::use_nonce;
use leptos::prelude::{GetValue, Owner, provide_context, use_context};
use leptos::server_fn::axum::server_fn_paths;
use leptos_axum::{
    ResponseOptions, generate_route_list_with_exclusions_and_ssg_and_context,
    handle_server_fns_with_context, render_app_async_with_context,
};
use tracing::warn;

use crate::error::{ApiError, ApiResult};
use crate::guard::headers::page_policy;
use crate::guard::panicked;
use crate::node::Node;
use crate::site::Site;

/// A route for each page that the application has, and one for each server function.
pub(crate) fn routes(node: &Node) -> Router<Node> {
    let engine = node.engine.clone();
    let context = move || provide_context(engine.clone());
    let (pages, _) = generate_route_list_with_exclusions_and_ssg_and_context(App, None, context);
    let mut router = Router::new();
    for listed in pages {
        router = router.route(listed.path(), get(page));
    }
    for (path, method) in server_fn_paths() {
        match MethodFilter::try_from(method) {
            Ok(method) => router = router.route(path, on(method, server_function)),
            Err(error) => warn!(path, %error, "a server function cannot be reached"),
        }
    }
    router
}

/// Renders the page that the path names.
pub(crate) async fn page(State(node): State<Node>, request: Request) -> Response {
    // A task of its own, and to its end: leptos frees what a page used when its last byte has been
    // taken, and never when a client goes away half-way.
    match tokio::spawn(render(node, request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => error.into_response(),
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => panicked(panic),
            Err(ended) => ApiError::internal(ended.to_string()).into_response(),
        },
    }
}

async fn render(node: Node, request: Request) -> ApiResult<Response> {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let engine = node.engine.clone();
    let owner = Arc::new(OnceLock::new());
    let context = {
        let owner = Arc::clone(&owner);
        move || {
            provide_context(engine.clone());
            allow_own_scripts(&host);
            if let Some(current) = Owner::current() {
                owner.get_or_init(|| current);
            }
        }
    };
    let urls = node.site.urls();
    let respond = render_app_async_with_context(context, move || shell(&urls));
    let (mut parts, body) = respond(request).await.into_parts();
    if let Some(owner) = owner.get() {
        preload(&node.site, owner, &mut parts.headers);
    }
    let page = to_bytes(body, usize::MAX)
        .await
        .map_err(|error| ApiError::internal(error.to_string()))?;
    parts
        .headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache"));
    Ok(Response::from_parts(parts, Body::from(page)))
}

/// Has the browser load the page's own pieces of wasm at once, and not only when the script has come
/// and asks for them (RFC 8288; <https://html.spec.whatwg.org/#link-type-preload>).
fn preload(site: &Site, owner: &Owner, headers: &mut HeaderMap) {
    // Leptos notes here which lazy views a page has. Its own links would lack what the
    // Content-Security-Policy asks for.
    let views = owner.with(use_context::<PrefetchLazyFn>);
    let Some(views) = views.and_then(|views| views.0.try_get_value()) else {
        return;
    };
    for path in views.iter().flat_map(|view| site.pieces(view)) {
        let link =
            format!("<{path}>; rel=preload; as=fetch; type=\"application/wasm\"; crossorigin");
        if let Ok(link) = HeaderValue::try_from(link) {
            headers.append(header::LINK, link);
        }
    }
}

/// Lets the scripts run that carry this response's nonce, and no others.
fn allow_own_scripts(host: &str) {
    let policy = use_nonce().and_then(|nonce| page_policy(&nonce, host));
    if let (Some(policy), Some(response)) = (policy, use_context::<ResponseOptions>()) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Answers a server function, which finds the engine in its context.
async fn server_function(State(node): State<Node>, request: Request) -> Response {
    let context = move || provide_context(node.engine.clone());
    handle_server_fns_with_context(context, request)
        .await
        .into_response()
}
