//! Answers only to its own names.
//!
//! A page of a foreign name can be made to resolve to this machine (DNS rebinding); the browser then
//! takes this server for the page's own. What gives it away is the `Host` that the browser sends
//! (RFC 9110, section 7.2), so a name that is not ours is refused with 421 (section 15.5.20).

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::Request;
use glassworks_protocol::ProblemCode;
use glassworks_protocol::excerpt::quoted;
use http::uri::Authority;
use http::{HeaderMap, Uri, header};

use crate::error::ApiError;

/// The names that this server answers to, with any port: a forwarded port changes the port and not
/// the name, and rebinding cannot forge the name.
#[derive(Clone, Debug)]
pub struct AllowedHosts(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    names: HashSet<String>,
    any_address: bool,
}

impl AllowedHosts {
    /// Loopback's names, the address listened on, and the `further` names of the operator's.
    ///
    /// A server that listens on all addresses answers to any literal address: it cannot know them
    /// all, and a page that was loaded from a literal address was not rebound.
    pub fn new(listen: SocketAddr, further: &[String]) -> Self {
        let mut names: HashSet<String> = ["localhost", "127.0.0.1", "[::1]"]
            .into_iter()
            .map(str::to_owned)
            .collect();
        names.insert(literal(listen.ip()));
        names.extend(further.iter().map(|name| name.to_ascii_lowercase()));
        Self(Arc::new(Rules {
            names,
            any_address: listen.ip().is_unspecified(),
        }))
    }

    fn contains(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.0.names.contains(&host) || (self.0.any_address && is_literal(&host))
    }
}

/// An address as it stands in a URL.
fn literal(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

fn is_literal(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    bare.parse::<IpAddr>().is_ok()
}

/// Refuses a request that is not for one of our names.
pub(super) fn check(request: &Request, hosts: &AllowedHosts) -> Result<(), ApiError> {
    let authority = authority(request.uri(), request.headers())?;
    if hosts.contains(authority.host()) {
        return Ok(());
    }
    Err(ApiError::new(
        ProblemCode::Misdirected,
        format!(
            "This server does not answer to {}. Its operator can allow the name with --allowed-host.",
            quoted(authority.host())
        ),
    ))
}

/// Whom the request is for. A target in absolute form comes before `Host` (RFC 9112, section
/// 3.2.2); a missing, doubled or malformed `Host` is a 400 (section 3.2).
pub(super) fn authority(uri: &Uri, headers: &HeaderMap) -> Result<Authority, ApiError> {
    let bad = |detail| ApiError::new(ProblemCode::BadHost, detail);
    let mut values = headers.get_all(header::HOST).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(bad("A request carries exactly one Host header."));
    };
    if let Some(authority) = uri.authority() {
        return Ok(authority.clone());
    }
    Authority::try_from(value.as_bytes())
        .ok()
        .filter(|authority| !authority.as_str().contains('@'))
        .ok_or_else(|| bad("The Host header is not a host name with an optional port."))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use http::StatusCode;

    use super::{AllowedHosts, check};

    fn status(listen: &str, target: &str, hosts: &[&str]) -> u16 {
        let allowed = AllowedHosts::new(listen.parse().unwrap(), &["Tasks.Example".to_owned()]);
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header("host", *host);
        }
        let request = request.body(Body::empty()).unwrap();
        check(&request, &allowed).map_or_else(
            |refused| refused.into_problem().status,
            |()| StatusCode::OK.as_u16(),
        )
    }

    #[test]
    fn answers_to_its_own_names_with_any_port() {
        for host in [
            "localhost:8000",
            "LOCALHOST",
            "127.0.0.1:9",
            "[::1]:8000",
            "tasks.example",
            "tasks.example:443",
        ] {
            assert_eq!(status("127.0.0.1:8000", "/", &[host]), 200, "{host}");
        }
    }

    #[test]
    fn refuses_foreign_names() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.168.1.5",
            "localhost.",
        ] {
            assert_eq!(status("127.0.0.1:8000", "/", &[host]), 421, "{host}");
        }
    }

    #[test]
    fn answers_to_literal_addresses_when_it_listens_on_all() {
        assert_eq!(status("0.0.0.0:8000", "/", &["192.168.1.5:8000"]), 200);
        assert_eq!(status("[::]:8000", "/", &["[fd00::5]:8000"]), 200);
        assert_eq!(status("0.0.0.0:8000", "/", &["evil.example"]), 421);
    }

    #[test]
    fn wants_exactly_one_well_formed_host() {
        assert_eq!(status("127.0.0.1:8000", "/", &[]), 400);
        assert_eq!(
            status("127.0.0.1:8000", "/", &["localhost", "localhost"]),
            400
        );
        assert_eq!(status("127.0.0.1:8000", "/", &["a b"]), 400);
        assert_eq!(status("127.0.0.1:8000", "/", &["evil@localhost"]), 400);
    }

    #[test]
    fn an_absolute_target_counts_for_more_than_the_host() {
        let target = "http://evil.example/";
        assert_eq!(status("127.0.0.1:8000", target, &["localhost"]), 421);
    }
}
