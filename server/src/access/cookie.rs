//! The cookie that has a session's token.

use http::{HeaderMap, HeaderValue, header};

/// Its name where the page was not loaded over TLS.
pub(super) const PLAIN: &str = "glassworks_session";
/// Its name where it was: a browser takes a cookie of such a name only from this very host, over TLS
/// (RFC 6265bis, section 4.1.3.2).
const HOST_ONLY: &str = "__Host-glassworks_session";

/// How long a browser keeps it, in seconds. The session itself may be over before.
const MAX_AGE: u32 = 7 * 24 * 60 * 60;

/// The cookie of a session.
pub(crate) struct SessionCookie;

impl SessionCookie {
    /// The token that a request has. The one that only this host can have set comes first.
    pub(crate) fn read(headers: &HeaderMap) -> Option<&str> {
        let find = |wanted: &str| {
            let values = headers.get_all(header::COOKIE).iter();
            values
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(';'))
                .filter_map(|pair| pair.trim().split_once('='))
                .find_map(|(name, token)| (name == wanted).then_some(token))
        };
        find(HOST_ONLY).or_else(|| find(PLAIN))
    }

    /// Lets the browser keep `token`.
    pub(crate) fn set(token: &str, request: &HeaderMap) -> Option<HeaderValue> {
        HeaderValue::try_from(Self::line(token, MAX_AGE, is_over_tls(request))).ok()
    }

    /// Lets the browser forget what it has, by either name.
    pub(crate) fn clear() -> impl Iterator<Item = HeaderValue> {
        [true, false]
            .into_iter()
            .filter_map(|tls| HeaderValue::try_from(Self::line("", 0, tls)).ok())
    }

    fn line(token: &str, max_age: u32, tls: bool) -> String {
        let (name, secure) = if tls {
            (HOST_ONLY, "; Secure")
        } else {
            (PLAIN, "")
        };
        format!("{name}={token}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}")
    }
}

/// Whether the page that sends a form was loaded over TLS, which ends at a proxy before this server.
/// The browser itself says so; a proxy's word makes the cookie only stricter, so anybody's is taken.
fn is_over_tls(request: &HeaderMap) -> bool {
    let text = |name: &str| request.get(name).and_then(|value| value.to_str().ok());
    text("origin").is_some_and(|origin| origin.starts_with("https://"))
        || text("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName};

    use super::SessionCookie;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn over_tls_only_this_host_can_set_it() {
        let plain = headers(&[("origin", "http://localhost:8000")]);
        let line = SessionCookie::set("t", &plain).unwrap();
        let line = line.to_str().unwrap();
        assert!(line.starts_with("glassworks_session=t; Path=/; "), "{line}");
        assert!(line.contains("; HttpOnly; SameSite=Strict"));
        assert!(!line.contains("Secure"));
        for tls in [
            ("origin", "https://tasks.example"),
            ("x-forwarded-proto", "https"),
        ] {
            let line = SessionCookie::set("t", &headers(&[tls])).unwrap();
            let line = line.to_str().unwrap();
            assert!(line.starts_with("__Host-glassworks_session=t; Path=/; "));
            assert!(line.ends_with("; HttpOnly; SameSite=Strict; Secure"));
        }
    }

    #[test]
    fn it_is_found_among_others() {
        let read = |lines: &[(&'static str, &str)]| {
            SessionCookie::read(&headers(lines)).map(str::to_owned)
        };
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("cookie", "a=b; c")]), None);
        let two = "a=b; glassworks_session=one; __Host-glassworks_session=two";
        assert_eq!(read(&[("cookie", two)]).as_deref(), Some("two"));
        let one = [("cookie", "a=b;glassworks_session=one")];
        assert_eq!(read(&one).as_deref(), Some("one"));
    }
}
