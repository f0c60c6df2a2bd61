//! The one table of routes and what each asks of its caller. A route cannot be added without.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use http::Method;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{OpenApi, path::Operation};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::rules::{Face, Rule, Rules};
use super::{Need, cookie};
use crate::node::Node;
use crate::openapi::operations_mut;

/// How the document calls a key that is sent along.
pub(crate) const KEY: &str = "key";
/// How it calls a browser's session.
pub(crate) const SESSION: &str = "session";
/// Where an operation says which scope it asks for.
pub(crate) const SCOPE: &str = "x-scope";

/// Routes, each with what it asks of its caller.
pub(crate) struct Table {
    api: OpenApiRouter<Node>,
    others: Router<Node>,
    rules: Rules,
}

impl Table {
    /// No routes, and the document before any.
    pub(crate) fn new(document: OpenApi) -> Self {
        Self {
            api: OpenApiRouter::with_openapi(document),
            others: Router::new(),
            rules: Rules::default(),
        }
    }

    /// Adds operations of the API, which ask for `need`.
    pub(crate) fn api(mut self, need: Need, operations: UtoipaMethodRouter<Node>) -> Self {
        let (schemas, mut paths, routes) = operations;
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations_mut(item) {
                self.rules
                    .add(path, http_method(&method), need, Face::Program);
                say(operation, need);
            }
        }
        self.api = self.api.routes((schemas, paths, routes));
        self
    }

    /// Adds a route that the API's document does not have.
    pub(crate) fn route<T: 'static>(
        mut self,
        need: Need,
        face: Face,
        method: &Method,
        path: &str,
        handler: impl Handler<T, Node>,
    ) -> Self {
        let Ok(filter) = MethodFilter::try_from(method.clone()) else {
            tracing::warn!(path, %method, "a route cannot be reached");
            return self;
        };
        self.rules.add(path, method.clone(), need, face);
        self.others = self.others.route(path, on(filter, handler));
        self
    }

    /// Its lines.
    pub(crate) fn lines(&self) -> Vec<Rule> {
        self.rules.list()
    }

    /// The API's document so far.
    pub(crate) fn document(&self) -> OpenApi {
        self.api.get_openapi().clone()
    }

    /// The routes, and what they ask for.
    pub(crate) fn into_parts(self) -> (Router<Node>, Rules) {
        let (api, _) = self.api.split_for_parts();
        (api.merge(self.others), self.rules)
    }
}

/// Lets an operation say what it asks for.
fn say(operation: &mut Operation, need: Need) {
    let Some(scope) = need.scope(false) else {
        operation.security = Some(Vec::new());
        return;
    };
    let scopes = [scope.as_str()];
    let mut any = vec![
        SecurityRequirement::new(KEY, scopes),
        SecurityRequirement::new(SESSION, scopes),
    ];
    if need == Need::Figures {
        any.push(SecurityRequirement::default());
    }
    operation.security = Some(any);
    let word = Extensions::builder().add(SCOPE, scope.as_str()).build();
    match &mut operation.extensions {
        Some(extensions) => extensions.merge(word),
        none => *none = Some(word),
    }
}

/// Says in the document how a caller says who it is.
pub(crate) fn describe(document: &mut OpenApi) {
    use utoipa::openapi::security::SecurityScheme;
    use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder};

    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A key, made with `glassworks key create` or `POST /api/keys`. While there is none, \
             nobody on the server's machine has to sign in.",
        ))
        .build();
    components.add_security_scheme(KEY, SecurityScheme::Http(bearer));
    let session = ApiKeyValue::with_description(
        cookie::PLAIN,
        "The session of a browser that has signed in at `/sign-in`. Over TLS its name begins with \
         `__Host-`.",
    );
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(session)));
}

fn http_method(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}
