//! Refuses what a page of another site makes a browser send.
//!
//! Browsers say where a request comes from: `Sec-Fetch-Site` (Fetch Metadata) and `Origin` (RFC
//! 6454). Both are checked on everything that may change something and on every WebSocket
//! handshake, which is a GET and free of the same-origin policy. A client that sends neither is no
//! browser and acts for nobody but its user.

use axum::extract::Request;
use glassworks_protocol::ProblemCode;
use http::uri::{Authority, Scheme};
use http::{Method, Uri, header};

use super::host::authority;
use crate::error::ApiError;

/// Refuses a change or a WebSocket handshake that another site's page asked for.
pub(super) fn check(request: &Request) -> Result<(), ApiError> {
    if is_safe(request.method()) && !request.headers().contains_key(header::UPGRADE) {
        return Ok(());
    }
    let headers = request.headers();
    if let Some(site) = headers.get("sec-fetch-site")
        && site != "same-origin"
        && site != "none"
    {
        return Err(refused());
    }
    if let Some(origin) = headers.get(header::ORIGIN) {
        let target = authority(request.uri(), headers)?;
        let origin = origin.to_str().unwrap_or_default();
        if !is_own(origin, &target) {
            return Err(refused());
        }
    }
    Ok(())
}

/// Whether `method` promises to change nothing (RFC 9110, section 9.2.1).
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether `origin` is a page that `target` served. Either scheme will do: behind a proxy that
/// speaks TLS, the page's is `https`, and this server cannot see that.
fn is_own(origin: &str, target: &Authority) -> bool {
    let Ok(origin) = origin.parse::<Uri>() else {
        return false;
    };
    let (Some(scheme), Some(from)) = (origin.scheme(), origin.authority()) else {
        return false;
    };
    let default_port = if *scheme == Scheme::HTTPS {
        443
    } else if *scheme == Scheme::HTTP {
        80
    } else {
        return false;
    };
    from.host().eq_ignore_ascii_case(target.host())
        && from.port_u16().unwrap_or(default_port) == target.port_u16().unwrap_or(default_port)
}

fn refused() -> ApiError {
    ApiError::new(
        ProblemCode::ForeignOrigin,
        "The request comes from another site's page.",
    )
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;

    use super::check;

    fn passes(method: &str, host: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder()
            .method(method)
            .uri("/api/tasks")
            .header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(Body::empty()).unwrap()).is_ok()
    }

    #[test]
    fn a_client_that_is_no_browser_passes() {
        assert!(passes("POST", "localhost:8000", &[]));
    }

    #[test]
    fn our_own_pages_pass() {
        for (host, origin) in [
            ("localhost:8000", "http://localhost:8000"),
            ("LocalHost:8000", "http://localhost:8000"),
            ("localhost", "http://localhost"),
            ("localhost:80", "http://localhost"),
            ("tasks.example", "https://tasks.example"),
            ("[::1]:8000", "http://[::1]:8000"),
        ] {
            let headers = [("origin", origin), ("sec-fetch-site", "same-origin")];
            assert!(passes("POST", host, &headers), "{origin}");
        }
    }

    #[test]
    fn other_pages_are_refused() {
        for origin in [
            "http://evil.example",
            "http://localhost:3000",
            "https://localhost:8000.evil.example",
            "ftp://localhost:8000",
            "null",
            "",
        ] {
            let headers = [("origin", origin)];
            assert!(!passes("POST", "localhost:8000", &headers), "{origin}");
            assert!(!passes("DELETE", "localhost:8000", &headers), "{origin}");
        }
        for site in ["cross-site", "same-site", ""] {
            let headers = [("sec-fetch-site", site)];
            assert!(!passes("POST", "localhost:8000", &headers), "{site}");
        }
    }

    #[test]
    fn reading_is_free_but_a_handshake_is_not() {
        let foreign = ("origin", "http://evil.example");
        assert!(passes("GET", "localhost:8000", &[foreign]));
        let handshake = [foreign, ("upgrade", "websocket")];
        assert!(!passes("GET", "localhost:8000", &handshake));
    }
}
