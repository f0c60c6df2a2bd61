//! Where people sign in with a key, see what is signed in, and sign out.
//!
//! Plain pages and forms, outside the application: they work without scripts, and run none.

mod view;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use glassworks_engine::Caller;
use glassworks_protocol::{ActorKind, AuditFilter, Problem, ProblemCode, Scope};
use http::header::{RETRY_AFTER, SET_COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use maud::Markup;
use serde::Deserialize;
use uuid::Uuid;

use crate::access::{Acting, Face, Need, Peer, SessionCookie, Table, Unknown};
use crate::error::{ApiError, ApiResult};
use crate::node::Node;
use crate::plain::layout::PLAIN_POLICY;

/// Where people sign in.
const SIGN_IN: &str = "/sign-in";
/// Where they see what is signed in.
const ACCESS: &str = "/access";

/// The routes of these pages.
pub(crate) fn routes(table: Table) -> Table {
    let form = Face::Page;
    table
        .route(Need::Nothing, form, &Method::GET, SIGN_IN, page)
        .route(Need::Nothing, form, &Method::POST, SIGN_IN, sign_in)
        .route(Need::Nothing, form, &Method::POST, "/sign-out", sign_out)
        .route(Need::READ, form, &Method::GET, ACCESS, access)
        .route(Need::READ, form, &Method::POST, "/access/end-session", end)
}

/// Where to go on afterwards.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Next {
    next: String,
}

/// Shows the form.
async fn page(State(node): State<Node>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let Next { next } = serde_urlencoded::from_str(query).unwrap_or_default();
    shown(
        StatusCode::OK,
        &view::sign_in(&node.site.urls(), local(&next), None),
    )
}

/// What the form sends.
#[derive(Debug, Deserialize)]
struct SignIn {
    key: String,
    #[serde(default)]
    next: String,
}

/// Signs in with the key that was typed.
async fn sign_in(State(node): State<Node>, request: Request) -> ApiResult<Response> {
    let from = Peer::of(&request);
    let (parts, body) = request.into_parts();
    let SignIn { key, next } = form(&parts.headers, body).await?;
    let next = local(&next);
    let refuse = |status, why: &str| {
        let view = view::sign_in(&node.site.urls(), next, Some(why));
        shown(status, &view)
    };
    let caller = match node.gate.key_holder(key.trim(), from) {
        Ok(caller) => caller,
        Err(Unknown::TooOften(wait)) => {
            let why = "Too many wrong keys came from here. Wait a little.";
            let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, why);
            let seconds = HeaderValue::from(wait.as_secs() + 1);
            response.headers_mut().insert(RETRY_AFTER, seconds);
            return Ok(response);
        }
        Err(_) => {
            let why = "There is no such key, or it is not good any more.";
            return Ok(refuse(StatusCode::UNPROCESSABLE_ENTITY, why));
        }
    };
    if caller.scope() == Scope::Work {
        let why = "This key is for workers: it opens no page.";
        return Ok(refuse(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    let user_agent = parts.headers.get(USER_AGENT);
    let user_agent = user_agent.and_then(|name| name.to_str().ok());
    let token = node.engine.acting(caller).sign_in(user_agent).await?;
    let cookie = SessionCookie::set(token.reveal(), &parts.headers);
    let cookie = cookie.ok_or_else(|| ApiError::internal("a token is no cookie"))?;
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to(next)).into_response())
}

/// Ends the browser's session, and lets it forget the cookie.
async fn sign_out(State(node): State<Node>, request: Request) -> ApiResult<Response> {
    let caller = node.gate.caller(request.headers(), Peer::of(&request));
    if let Ok(caller) = caller
        && let Some(id) = caller.session()
    {
        node.engine.acting(caller).end_session(id).await?;
    }
    let mut response = Redirect::to(SIGN_IN).into_response();
    for cookie in SessionCookie::clear() {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Shows who is signed in, and with what.
async fn access(
    State(node): State<Node>,
    Acting(engine): Acting,
    request: Request,
) -> ApiResult<Response> {
    let caller = request.extensions().get::<Caller>();
    let caller = caller.ok_or_else(|| ApiError::internal("the page has no caller"))?;
    let everything = caller.scope() == Scope::Admin;
    let keys = if everything {
        engine.keys()
    } else {
        Vec::new()
    };
    let entries = if everything {
        engine
            .audit(&AuditFilter::default(), None, None)
            .await?
            .entries
    } else {
        Vec::new()
    };
    let view = view::access(&view::Access {
        urls: &node.site.urls(),
        caller,
        sessions: &engine.sessions(),
        keys: &keys,
        entries: &entries,
    });
    Ok(shown(StatusCode::OK, &view))
}

/// What a button of the list of sessions sends.
#[derive(Debug, Deserialize)]
struct End {
    id: Uuid,
}

/// Ends a session of the list.
async fn end(Acting(engine): Acting, request: Request) -> ApiResult<Response> {
    let own = request
        .extensions()
        .get::<Caller>()
        .and_then(Caller::session);
    let (parts, body) = request.into_parts();
    let End { id } = form(&parts.headers, body).await?;
    engine.end_session(id).await?;
    let next = if own == Some(id) { SIGN_IN } else { ACCESS };
    Ok(Redirect::to(next).into_response())
}

/// What a form says.
async fn form<T: serde::de::DeserializeOwned>(
    headers: &HeaderMap,
    body: axum::body::Body,
) -> ApiResult<T> {
    let kind = headers.get(http::header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        let problem = Problem::new(ProblemCode::UnsupportedMediaType);
        return Err(problem.with_detail("A form is expected.").into());
    }
    let bytes: Bytes = axum::body::to_bytes(body, crate::guard::body::MAX_BODY)
        .await
        .map_err(|_| ApiError::new(ProblemCode::BadRequest, "The body broke off."))?;
    serde_urlencoded::from_bytes(&bytes)
        .map_err(|_| ApiError::new(ProblemCode::BadRequest, "The form is not complete."))
}

fn shown(status: StatusCode, view: &Markup) -> Response {
    (status, PLAIN_POLICY, Html(view.0.clone())).into_response()
}

/// The path to go on to: one of this server's own, or the board. What browsers take for another host
/// (`//host`, and `\` for `/`) is none.
fn local(next: &str) -> &str {
    let own = next.starts_with('/')
        && !next[1..].starts_with(['/', '\\'])
        && !next.starts_with(SIGN_IN)
        && next
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own { next } else { "/" }
}

/// How a caller is called on these pages.
fn called(caller: &Caller) -> String {
    match (caller.kind(), caller.name()) {
        (ActorKind::Anonymous, _) | (_, None) => "nobody: there is no key yet".to_owned(),
        (_, Some(name)) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn only_a_path_of_this_server_is_gone_on_to() {
        for path in ["/", "/tasks", "/tasks?q=a%20b&state=failed", "/docs#x"] {
            assert_eq!(local(path), path);
        }
        for path in [
            "",
            "tasks",
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "https://evil.example",
            "/\t/evil.example",
            "/a\r\nset-cookie: x",
            "/sign-in?next=/",
            "/ü",
        ] {
            assert_eq!(local(path), "/", "{path:?}");
        }
    }
}
