//! A host that the operator allows although its addresses are not public.

use std::fmt;
use std::str::FromStr;

use url::Host;

/// `HOST[:PORT]`: a host that may be reached wherever its name leads; on every port when none is
/// said.
///
/// It is compared with the host as it stands in a URL, so allowing an address does not allow a
/// name that leads there. Allowing a name trusts whoever decides what it resolves to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    host: Host,
    port: Option<u16>,
}

/// Why a text is not an [`Upstream`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// There is more or less than a host and a port.
    #[error("expected HOST or HOST:PORT, without scheme, path or user")]
    Shape,
    /// It cannot be a host.
    #[error("`{0}` is not a host name or address")]
    Host(String),
    /// It cannot be a port.
    #[error("`{0}` is not a port from 1 to 65535")]
    Port(String),
}

impl Upstream {
    /// Whether this is the host of a URL, on its port.
    pub(super) fn matches(&self, host: &Host<&str>, port: u16) -> bool {
        self.port.is_none_or(|own| own == port) && as_plain(&self.host) == as_plain(host)
    }
}

/// The host as text, without the dot that says that a name is complete.
fn as_plain<S: AsRef<str>>(host: &Host<S>) -> String
where
    Host<S>: fmt::Display,
{
    let text = host.to_string();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let (host, port) = split(text)?;
        if host.is_empty() || host.contains(['/', '@', '?', '#', '\\', '*']) {
            return Err(UpstreamError::Shape);
        }
        let port = port.map(read_port).transpose()?;
        let host = Host::parse(host).map_err(|_| UpstreamError::Host(host.to_owned()))?;
        Ok(Self { host, port })
    }
}

/// The host and the port; the colons of an IPv6 address stand in brackets.
fn split(text: &str) -> Result<(&str, Option<&str>), UpstreamError> {
    let end = if text.starts_with('[') {
        text.find(']').ok_or(UpstreamError::Shape)? + 1
    } else {
        text.find(':').unwrap_or(text.len())
    };
    let (host, rest) = text.split_at(end);
    if rest.is_empty() {
        return Ok((host, None));
    }
    let port = rest.strip_prefix(':').ok_or(UpstreamError::Shape)?;
    if port.contains(':') || port.starts_with("//") {
        return Err(UpstreamError::Shape);
    }
    Ok((host, Some(port)))
}

fn read_port(text: &str) -> Result<u16, UpstreamError> {
    // A sign is no digit, though `parse` takes one.
    let port = text.parse().ok().filter(|_| !text.starts_with('+'));
    port.filter(|port| *port != 0)
        .ok_or_else(|| UpstreamError::Port(text.to_owned()))
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => write!(f, "{}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{Upstream, UpstreamError};

    fn allows(upstream: &str, url: &str) -> bool {
        let url = Url::parse(url).unwrap();
        let upstream: Upstream = upstream.parse().unwrap();
        upstream.matches(&url.host().unwrap(), url.port_or_known_default().unwrap())
    }

    #[test]
    fn it_is_compared_with_the_host_as_written() {
        assert!(allows("localhost", "http://LOCALHOST:9000/"));
        assert!(allows("localhost:9000", "http://localhost.:9000/"));
        assert!(allows("Wiki.internal:443", "https://wiki.internal/a"));
        assert!(allows("127.0.0.1", "http://2130706433/"));
        assert!(allows("[::1]:80", "http://[0:0::1]/"));
        assert!(!allows("localhost:9000", "http://localhost:9001/"));
        assert!(!allows("localhost", "http://127.0.0.1/"));
        assert!(!allows("127.0.0.1", "http://localhost/"));
        assert!(!allows("127.0.0.1", "http://[::ffff:127.0.0.1]/"));
        assert!(!allows("internal", "http://wiki.internal/"));
    }

    #[test]
    fn what_is_not_a_host_and_a_port_is_refused_with_the_reason() {
        let error = |text: &str| text.parse::<Upstream>().unwrap_err();
        for text in [
            "",
            ":80",
            "http://localhost",
            "localhost/path",
            "user@localhost",
            "[::1",
            "::1",
            "*.internal",
            "[::1]80",
        ] {
            assert_eq!(error(text), UpstreamError::Shape, "{text}");
        }
        for text in [
            "localhost:",
            "localhost:0",
            "localhost:65536",
            "localhost:+8",
        ] {
            assert!(matches!(error(text), UpstreamError::Port(_)), "{text}");
        }
        for text in ["local host", "[::g]", "256.0.0.1"] {
            assert!(matches!(error(text), UpstreamError::Host(_)), "{text}");
        }
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in [
            "localhost",
            "localhost:80",
            "[::1]",
            "[::1]:8080",
            "10.0.0.1:5",
        ] {
            assert_eq!(text.parse::<Upstream>().unwrap().to_string(), text);
        }
    }
}
