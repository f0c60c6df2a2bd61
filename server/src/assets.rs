//! The routes of the browser's files: each in the form that suits the client.

use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tower_http::services::{ServeDir, ServeFile};

use crate::held::Counted;
use crate::node::Node;
use crate::site::{File, Site};

/// A route for each file.
pub(crate) fn routes(site: &Site) -> Router<Node> {
    match site {
        Site::Embedded(site) => site.files.iter().fold(Router::new(), |router, file| {
            let serve = async move |headers: HeaderMap| respond(file, &headers);
            router.route(file.path, get(serve))
        }),
        Site::Directory(root) => directory(root),
        Site::Missing => Router::new(),
    }
}

/// The package, and the public files that lie beside it.
fn directory(root: &Path) -> Router<Node> {
    let mut router = Router::new().nest_service("/pkg", ServeDir::new(root.join("pkg")));
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let path = entry.path();
        if let (true, Some(name)) = (path.is_file(), entry.file_name().to_str()) {
            router = router.route_service(&format!("/{name}"), ServeFile::new(path));
        }
    }
    router
}

/// Answers with the form of `file` that suits the client, or with 304 when it has that already.
fn respond(file: &'static File, headers: &HeaderMap) -> Response {
    let form = Form::choose(file, headers);
    let etag = match form {
        Form::Identity => format!("\"{}\"", file.etag),
        // Each form is a representation of its own (RFC 9110, section 8.8.3.3).
        Form::Brotli(_) => format!("\"{}-br\"", file.etag),
        Form::Gzip(_) => format!("\"{}-gz\"", file.etag),
    };
    let mut response = if is_fresh(headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        form.response(file)
    };
    let caching = if file.immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// In which form a file travels.
#[derive(Clone, Copy)]
enum Form {
    Identity,
    Brotli(&'static [u8]),
    Gzip(&'static [u8]),
}

impl Form {
    /// The form that the client likes best, the shorter one where it is of two minds.
    fn choose(file: &File, headers: &HeaderMap) -> Self {
        let forms = [
            file.br
                .map(|bytes| (weight(headers, "br"), Self::Brotli(bytes))),
            file.gz
                .map(|bytes| (weight(headers, "gzip"), Self::Gzip(bytes))),
        ];
        let mut best = (0.0, Self::Identity);
        for (weight, form) in forms.into_iter().flatten() {
            if weight > best.0 {
                best = (weight, form);
            }
        }
        best.1
    }

    fn response(self, file: &'static File) -> Response {
        let (bytes, encoding) = match self {
            Self::Identity => (file.identity, None),
            Self::Brotli(bytes) => (bytes, Some("br")),
            Self::Gzip(bytes) => (bytes, Some("gzip")),
        };
        let mut response = Response::new(Body::from(Bytes::from_static(bytes)));
        // It is in the binary, whoever takes it.
        response.extensions_mut().insert(Counted);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(file.content_type),
        );
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }
}

/// How much the client wants `coding`, from 0 to 1 (RFC 9110, section 12.5.3).
fn weight(headers: &HeaderMap, coding: &str) -> f32 {
    let mut any = 0.0;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for wish in value.to_str().unwrap_or_default().split(',') {
            let (name, parameters) = wish.split_once(';').unwrap_or((wish, ""));
            let quality = parameters.trim().strip_prefix("q=");
            let weight = quality.map_or(1.0, |quality| quality.trim().parse().unwrap_or(0.0));
            match name.trim() {
                name if name.eq_ignore_ascii_case(coding) => return weight,
                "*" => any = weight,
                _ => {}
            }
        }
    }
    any
}

/// Whether the client has this form already (RFC 9110, section 13.1.2).
pub(crate) fn is_fresh(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|seen| seen == "*" || seen.strip_prefix("W/").unwrap_or(seen) == etag)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{is_fresh, weight};

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn a_client_gets_a_coding_that_it_asked_for() {
        let weight = |value: &str, coding| weight(&headers("accept-encoding", value), coding);
        assert!(weight("gzip, deflate, br", "br") > 0.9);
        assert!(weight("br;q=0.5, gzip", "br") < weight("br;q=0.5, gzip", "gzip"));
        assert!(weight("br;q=0", "br") == 0.0);
        assert!(weight("identity, *;q=0", "br") == 0.0);
        assert!(weight("*", "br") > 0.9);
        assert!(weight("", "br") == 0.0);
        assert!(super::weight(&HeaderMap::new(), "br") == 0.0);
    }

    #[test]
    fn a_client_that_has_it_is_told_so() {
        let fresh = |value: &str| is_fresh(&headers("if-none-match", value), "\"a-br\"");
        assert!(fresh("\"a-br\""));
        assert!(fresh("\"b\", W/\"a-br\""));
        assert!(fresh("*"));
        assert!(!fresh("\"a\""));
    }
}
