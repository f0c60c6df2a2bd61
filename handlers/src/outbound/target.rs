//! A URL as something to connect to: read by the rules browsers have, and checked.

use std::net::IpAddr;

use url::{Host, Url};

use super::address;
use super::error::Error;
use super::upstream::Upstream;

/// The longest URL that is read, in bytes.
pub(super) const LONGEST_URL: usize = 8_000;

/// Ports where something else than HTTP listens, which a request must not be made to speak to.
/// Source: Fetch, "port blocking" (<https://fetch.spec.whatwg.org/#port-blocking>).
const BAD_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

/// A URL that may be asked for, as far as can be known without resolving its name.
#[derive(Clone, Debug)]
pub(super) struct Target {
    url: Url,
    host: Host,
    port: u16,
    allowed: bool,
}

impl Target {
    /// Reads `text`. The URL Standard's parser turns each spelling of an address (decimal, octal,
    /// hexadecimal, short, percent-encoded, full-width) into that address, so it is the address
    /// that is checked here, and the same address that is connected to.
    pub(super) fn read(text: &str, allowed: &[Upstream]) -> Result<Self, Error> {
        if text.len() > LONGEST_URL {
            return Err(Error::LongUrl(text.len()));
        }
        let url = Url::parse(text).map_err(|error| Error::Url(error.to_string()))?;
        Self::check(url, allowed)
    }

    /// Where `location` leads from here.
    pub(super) fn join(&self, location: &str, allowed: &[Upstream]) -> Result<Self, Error> {
        if location.len() > LONGEST_URL {
            return Err(Error::LongUrl(location.len()));
        }
        let url = self.url.join(location);
        Self::check(url.map_err(|error| Error::Url(error.to_string()))?, allowed)
    }

    fn check(url: Url, allowed: &[Upstream]) -> Result<Self, Error> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::Credentials);
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Error::Url("it has no host".to_owned()));
        };
        let is_allowed = allowed.iter().any(|one| one.matches(&host, port));
        if !is_allowed {
            if BAD_PORTS.contains(&port) {
                return Err(Error::Port(port));
            }
            if let Some(what) = literal(&host).and_then(address::why_forbidden) {
                let host = host.to_string();
                return Err(Error::Address { host, what });
            }
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            allowed: is_allowed,
            url,
        })
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Whether the operator allows the host wherever it leads.
    pub(super) fn is_allowed(&self) -> bool {
        self.allowed
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The address, where the host is one.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        literal(&self.host)
    }

    /// The request target in origin form (RFC 9112, section 3.2.1).
    pub(super) fn path_and_query(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// The `Host` header: the port only where it is not the scheme's own.
    pub(super) fn authority(&self) -> &str {
        &self.url[url::Position::BeforeHost..url::Position::AfterPort]
    }
}

fn literal<S>(host: &Host<S>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
    }
}
