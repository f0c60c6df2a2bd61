//! What a redirect asks for, and what is not taken along to another origin.

use bytes::Bytes;
use http::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, LOCATION,
};
use http::{HeaderMap, Method, StatusCode};

use super::Request;
use super::target::Target;

/// Headers of the caller that say nothing of who it is, so that another origin may see them. Every
/// other one might be a secret under any name (`Authorization`, `Cookie`, `X-Api-Key`).
const HARMLESS: &[&str] = &[
    "accept",
    "accept-language",
    "content-encoding",
    "content-language",
    "content-type",
    "idempotency-key",
    "traceparent",
    "user-agent",
];

/// Where an answer sends the request on to; `None` when it does not (RFC 9110, section 15.4).
pub(super) fn location(status: StatusCode, headers: &HeaderMap) -> Option<&[u8]> {
    let redirects = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    headers
        .get(LOCATION)
        .filter(|_| redirects)
        .map(http::HeaderValue::as_bytes)
}

/// Turns `request`, which was answered with `status` at `from`, into the one that goes to `to`.
///
/// A POST becomes a GET on 301 and 302, and everything but HEAD does on 303; otherwise method and
/// body stay (RFC 9110, sections 15.4.2 to 15.4.9, as Fetch has it in "HTTP-redirect fetch").
pub(super) fn follow(request: &mut Request, status: StatusCode, from: &Target, to: &Target) {
    let becomes_get = match status.as_u16() {
        301 | 302 => request.method == Method::POST,
        303 => request.method != Method::GET && request.method != Method::HEAD,
        _ => false,
    };
    if becomes_get {
        request.method = Method::GET;
        request.body = Bytes::new();
        for name in [
            CONTENT_ENCODING,
            CONTENT_LANGUAGE,
            CONTENT_LENGTH,
            CONTENT_LOCATION,
            CONTENT_TYPE,
        ] {
            request.headers.remove(name);
        }
    }
    if from.url().origin() != to.url().origin() {
        let headers = std::mem::take(&mut request.headers);
        for name in headers
            .keys()
            .filter(|name| HARMLESS.contains(&name.as_str()))
        {
            for value in headers.get_all(name) {
                request.headers.append(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method, StatusCode};

    use super::super::Request;
    use super::super::target::Target;
    use super::{follow, location};

    fn target(url: &str) -> Target {
        Target::read(url, &[]).unwrap()
    }

    fn posted() -> Request {
        let mut request = Request::new(Method::POST, "https://a.example/");
        request.body = Bytes::from_static(b"{}");
        for (name, value) in [
            ("authorization", "Bearer x"),
            ("cookie", "a=b"),
            ("x-api-key", "secret"),
            ("content-type", "application/json"),
            ("accept", "text/plain"),
        ] {
            let value = HeaderValue::from_static(value);
            request.headers.insert(name, value);
        }
        request
    }

    fn after(status: u16, method: Method, to: &str) -> Request {
        let mut request = posted();
        request.method = method;
        let status = StatusCode::from_u16(status).unwrap();
        follow(
            &mut request,
            status,
            &target("https://a.example/"),
            &target(to),
        );
        request
    }

    #[test]
    fn the_method_changes_as_the_rfc_says() {
        let same = "https://a.example/b";
        for (status, sent, follows) in [
            (301, Method::POST, Method::GET),
            (302, Method::POST, Method::GET),
            (302, Method::PUT, Method::PUT),
            (303, Method::POST, Method::GET),
            (303, Method::DELETE, Method::GET),
            (303, Method::HEAD, Method::HEAD),
            (307, Method::POST, Method::POST),
            (308, Method::PATCH, Method::PATCH),
        ] {
            let changed = sent != follows;
            let request = after(status, sent, same);
            assert_eq!(request.method, follows, "{status}");
            assert_eq!(request.body.is_empty(), changed, "{status}");
            assert_eq!(!request.headers.contains_key("content-type"), changed);
            assert!(request.headers.contains_key("authorization"));
        }
    }

    #[test]
    fn nothing_that_may_be_secret_goes_to_another_origin() {
        for to in [
            "https://b.example/",
            "http://a.example/",
            "https://a.example:8443/",
            "https://sub.a.example/",
        ] {
            let request = after(307, Method::POST, to);
            let mut names: Vec<_> = request.headers.keys().map(ToString::to_string).collect();
            names.sort();
            assert_eq!(names, ["accept", "content-type"], "{to}");
        }
    }

    #[test]
    fn only_a_redirect_with_a_location_is_followed() {
        let mut headers = HeaderMap::new();
        assert_eq!(location(StatusCode::FOUND, &headers), None);
        headers.insert("location", HeaderValue::from_static("/b"));
        assert_eq!(location(StatusCode::FOUND, &headers), Some(&b"/b"[..]));
        for status in [200, 201, 300, 304, 305, 306, 404] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(location(status, &headers), None, "{status}");
        }
    }
}
