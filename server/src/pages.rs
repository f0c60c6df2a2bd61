//! The pages, rendered on the server, and the browser's server functions.

use std::sync::{Arc, OnceLock};

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use glassworks_app::{App, shell};
use glassworks_engine::Caller;
use http::{Extensions, HeaderMap, HeaderValue, Method, header};
use leptos::PrefetchLazyFn;
use leptos::nonce::use_nonce;
use leptos::prelude::{GetValue, Owner, provide_context, use_context};
use leptos::server_fn::axum::server_fn_paths;
use leptos_axum::{
    ResponseOptions, generate_route_list_with_exclusions_and_ssg_and_context,
    handle_server_fns_with_context, render_app_async_with_context,
};

use crate::access::{Acting, Face, Need, Table};
use crate::api::unbuffered::unbuffered;
use crate::error::{ApiError, ApiResult};
use crate::guard::headers::page_policy;
use crate::guard::panicked;
use crate::held::{Counted, room, whole};
use crate::lab;
use crate::node::Node;
use crate::site::Site;

/// What a page takes at most until its client has it: its task or its list as it was read, what is
/// shown of that, and the document with all of it twice, to be read and for the scripts.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// What each server function asks of its caller. One that is not here asks for all there is.
const FUNCTIONS: [(&str, Need); 26] = [
    ("/fn/board", Need::READ),
    ("/fn/tasks", Need::READ),
    ("/fn/task", Need::READ),
    ("/fn/kinds", Need::READ),
    ("/fn/change_task", Need::SUBMIT),
    ("/fn/many_change", Need::SUBMIT),
    ("/fn/begin_change", Need::SUBMIT),
    ("/fn/submit_task", Need::SUBMIT),
    ("/fn/try_answer", Need::READ),
    ("/fn/try_slow", Need::READ),
    ("/fn/try_aggregate", Need::READ),
    ("/fn/try_stream", Need::READ),
    ("/fn/try_task", Need::SUBMIT),
    ("/fn/nodes", Need::READ),
    ("/fn/change_worker", Need::ADMIN),
    ("/fn/queues", Need::READ),
    ("/fn/change_queue", Need::ADMIN),
    ("/fn/schedules", Need::READ),
    ("/fn/schedule_form", Need::ADMIN),
    ("/fn/firings", Need::READ),
    ("/fn/change_schedule", Need::ADMIN),
    ("/fn/save_schedule", Need::ADMIN),
    ("/fn/lab", Need::READ),
    ("/fn/lesson", Need::READ),
    ("/fn/lab_run", Need::READ),
    ("/fn/run_experiment", Need::SUBMIT),
];

/// A route for each page that the application has, and one for each server function.
pub(crate) fn routes(mut table: Table, node: &Node) -> Table {
    let engine = node.engine.clone();
    let context = move || provide_context(engine.clone());
    let (pages, _) = generate_route_list_with_exclusions_and_ssg_and_context(App, None, context);
    for listed in pages {
        // Pages that are nothing but forms are of no use to who may not send them.
        let need = match listed.path() {
            "/submit" | "/tasks/change" => Need::SUBMIT,
            "/schedules/new" | "/schedules/{id}/edit" => Need::ADMIN,
            _ => Need::READ,
        };
        table = table.route(need, Face::Page, &Method::GET, listed.path(), page);
    }
    for (path, method) in server_fn_paths() {
        let known = FUNCTIONS.iter().find(|(known, _)| *known == path);
        let need = known.map_or(Need::ADMIN, |(_, need)| *need);
        table = table.route(need, Face::Program, &method, path, server_function);
    }
    table
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
    let permit = room(&node.budget.lists, PAGE_BYTES).await?;
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let caller = caller(request.extensions())?;
    let scope = caller.scope();
    let engine = node.engine.acting(caller);
    let owner = Arc::new(OnceLock::new());
    let context = {
        let owner = Arc::clone(&owner);
        move || {
            provide_context(engine.clone());
            provide_context(lab::book());
            provide_context(scope);
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
    parts.extensions.insert(Counted);
    Ok(Response::from_parts(parts, whole(page, permit)))
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

/// Who asks for the page.
fn caller(extensions: &Extensions) -> ApiResult<Caller> {
    let caller = extensions.get::<Caller>().cloned();
    caller.ok_or_else(|| ApiError::internal("the page has no caller"))
}

/// Lets the scripts run that carry this response's nonce, and no others.
fn allow_own_scripts(host: &str) {
    let policy = use_nonce().and_then(|nonce| page_policy(&nonce, host));
    if let (Some(policy), Some(response)) = (policy, use_context::<ResponseOptions>()) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Answers a server function, which finds the engine in its context. One that streams is a stream as
/// any other: it leaves as it is made, and ends when the server does.
async fn server_function(
    State(node): State<Node>,
    Acting(engine): Acting,
    request: Request,
) -> ApiResult<Response> {
    // What changes something is counted as it is sent, like all bodies.
    let reads = request.method().is_safe();
    let permit = if reads {
        Some(room(&node.budget.lists, PAGE_BYTES).await?)
    } else {
        None
    };
    let context = move || {
        provide_context(engine.clone());
        provide_context(lab::book());
    };
    let response = handle_server_fns_with_context(context, request)
        .await
        .into_response();
    // From here on the answer is counted as it stands.
    drop(permit);
    if response.body().size_hint().exact().is_some() {
        return Ok(response);
    }
    let stop = node.shutdown.stream_end().cancelled_owned();
    let stream = |body: Body| Body::from_stream(body.into_data_stream().take_until(stop));
    Ok(unbuffered(response.map(stream)))
}
