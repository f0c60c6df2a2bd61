//! Who is calling, and whether they may.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::Request;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use glassworks_app::AssetUrls;
use glassworks_engine::{Caller, Denied, Engine};
use glassworks_protocol::{ProblemCode, Scope};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use maud::html;
use tracing::info;

use super::attempts::Attempts;
use super::rules::Face;
use super::{Need, Peer, SessionCookie};
use crate::error::ApiError;
use crate::plain::layout::{PLAIN_POLICY, plain};

/// What a client that is not let in is to send (RFC 6750, section 3).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"glassworks\"");
const CHALLENGE_ANEW: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"glassworks\", error=\"invalid_token\"");

/// Whose body is taken in without asking who sends it.
const OPEN_FORMS: [&str; 2] = ["/sign-in", "/sign-out"];

/// Knows who is calling.
pub(crate) struct Gate {
    engine: Engine,
    attempts: Attempts,
    public_metrics: bool,
    /// For the pages that say no.
    urls: AssetUrls,
}

/// Why nobody is let in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unknown {
    /// Nothing was sent that says who is calling.
    NothingSent,
    /// What was sent is good for nothing.
    WrongKey(Denied),
    /// Nor was what was sent before it, too often.
    TooOften(Duration),
}

impl Gate {
    pub(crate) fn new(engine: Engine, public_metrics: bool, urls: AssetUrls) -> Self {
        Self {
            engine,
            attempts: Attempts::default(),
            public_metrics,
            urls,
        }
    }

    /// Lets a request in whose caller may do what is needed, or answers it. Who that is, is in its
    /// extensions then, unless nothing is needed.
    pub(crate) fn admit(
        &self,
        request: &mut Request,
        need: Need,
        face: Face,
    ) -> Result<Option<Caller>, Box<Response>> {
        let Some(scope) = need.scope(self.public_metrics) else {
            return Ok(None);
        };
        let caller = match self.caller(request.headers(), Peer::of(request)) {
            Ok(caller) => caller,
            Err(unknown) => return Err(Box::new(refused(unknown, request, face))),
        };
        if !caller.scope().allows(scope) {
            return Err(Box::new(self.forbidden(caller.scope(), scope, face)));
        }
        request.extensions_mut().insert(caller.clone());
        Ok(Some(caller))
    }

    fn forbidden(&self, has: Scope, needed: Scope, face: Face) -> Response {
        let detail = format!("This needs the scope `{needed}`, and the key has `{has}`.");
        if face == Face::Program {
            return ApiError::new(ProblemCode::Forbidden, detail).into_response();
        }
        let content = html! {
            h1 { "Not allowed" }
            p { (detail) }
            p { a href="/" { "To the board" } }
        };
        let page = plain("Not allowed", &self.urls, &content);
        (StatusCode::FORBIDDEN, PLAIN_POLICY, Html(page.0)).into_response()
    }

    /// Whether the body of a request is taken in: a stranger has none to send but the form to sign in
    /// with, and is told so before anything is read.
    pub(crate) fn take_body(&self, request: &Request) -> Result<(), Box<Response>> {
        if OPEN_FORMS.contains(&request.uri().path()) {
            return Ok(());
        }
        match self.caller(request.headers(), Peer::of(request)) {
            Ok(_) => Ok(()),
            Err(unknown) => Err(Box::new(refused(unknown, request, Face::Program))),
        }
    }

    /// Who is calling: by a key, by a session, or anybody while nobody has to sign in.
    pub(crate) fn caller(
        &self,
        headers: &HeaderMap,
        from: Option<IpAddr>,
    ) -> Result<Caller, Unknown> {
        // While nobody has to sign in, it does not matter what is sent: a proxy's own, say.
        if let Some(anybody) = self.engine.anonymous(from) {
            return Ok(anybody);
        }
        if let Some(key) = bearer(headers) {
            return self.key_holder(key, from);
        }
        // A browser keeps the cookie of a session that is over: that is no attempt at anything.
        SessionCookie::read(headers)
            .and_then(|token| self.engine.session_holder(token, from).ok())
            .ok_or(Unknown::NothingSent)
    }

    /// Whose key this is. A wrong one counts against its address.
    pub(crate) fn key_holder(&self, key: &str, from: Option<IpAddr>) -> Result<Caller, Unknown> {
        self.engine
            .key_holder(key, from)
            .map_err(|denied| match self.attempts.failed(from, key) {
                Ok(()) => {
                    // Never the key: it may be a slip of the pen.
                    info!(?from, ?denied, "a wrong key was sent");
                    Unknown::WrongKey(denied)
                }
                Err(wait) => Unknown::TooOften(wait),
            })
    }
}

/// The key that a request has.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let sent = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = sent.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

fn refused(unknown: Unknown, request: &Request, face: Face) -> Response {
    let (detail, challenge) = match unknown {
        Unknown::TooOften(wait) => {
            let detail = "Too many wrong keys came from here.";
            let error = ApiError::new(ProblemCode::TooManyAttempts, detail);
            return error.retry_after(wait).into_response();
        }
        Unknown::NothingSent => {
            if let Some(page) = page_to_come_back_to(request, face) {
                return Redirect::to(&sign_in_path(page)).into_response();
            }
            (
                "Send a key with `Authorization: Bearer`, or sign in at /sign-in.",
                CHALLENGE,
            )
        }
        Unknown::WrongKey(Denied::Unknown) => {
            ("There is no such key, or not any more.", CHALLENGE_ANEW)
        }
        Unknown::WrongKey(Denied::Expired) => ("The key has expired.", CHALLENGE_ANEW),
    };
    let mut response = ApiError::new(ProblemCode::Unauthorized, detail).into_response();
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// Where somebody who uses a browser is to be led once they have signed in; `None` for a program.
fn page_to_come_back_to(request: &Request, face: Face) -> Option<&str> {
    let text = |name| request.headers().get(name)?.to_str().ok();
    if face == Face::Page {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let target = request.uri().path_and_query()?.as_str();
        return Some(if reads { target } else { "/" });
    }
    // A form of a page that runs no scripts.
    let is_form = *request.method() == Method::POST
        && request.uri().path().starts_with("/fn/")
        && text(header::ACCEPT).is_some_and(|accept| accept.contains("text/html"));
    is_form.then_some("/")
}

/// The page where people sign in, and go on to `next`.
fn sign_in_path(next: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", next)
        .finish();
    format!("/sign-in?{query}")
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{bearer, sign_in_path};

    #[test]
    fn a_key_is_sent_as_bearer() {
        let key = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("authorization", value.parse().unwrap());
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(key("Bearer gw_x").as_deref(), Some("gw_x"));
        assert_eq!(key("bearer  gw_x ").as_deref(), Some("gw_x"));
        assert_eq!(key("Basic Z3c6"), None);
        assert_eq!(key("Bearer"), None);
    }

    #[test]
    fn the_way_back_is_one_parameter() {
        let path = sign_in_path("/tasks?q=a&b=c");
        assert_eq!(path, "/sign-in?next=%2Ftasks%3Fq%3Da%26b%3Dc");
    }
}
