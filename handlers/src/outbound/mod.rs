//! The guarded HTTP client that everything which reaches out uses.
//!
//! Whoever may submit a task can make this process send requests, and it stands where outsiders do
//! not: beside databases, metadata services, other people's laptops. So it reaches **public
//! addresses only**, unless the operator allows a host ([`Upstream`]):
//!
//! - A URL is read as browsers read it, which turns every spelling of an address into the address.
//! - A name is resolved once, and the connection goes to an address of that answer that was
//!   checked. There is no second look-up that could answer differently.
//! - Each hop of a redirect is checked in the same way.
//! - Time, bytes and redirects are limited, and no proxy is used.
//!
//! Rooms, lowest first: `address` (which are public), `upstream` (exceptions), `target` (a checked
//! URL), `lookups` (the resolver's threads), `network` (resolver and sockets), `tls`, `connect`, `redirect`, `response`.

mod address;
mod connect;
mod error;
mod lookups;
mod network;
mod redirect;
mod response;
mod target;
mod timings;
mod tls;
mod upstream;

use std::fmt;
use std::str;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONNECTION, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

pub use error::Error;
pub use network::{Network, System};
pub use response::Response;
pub use timings::Timings;
pub(crate) use timings::millis;
pub use upstream::{Upstream, UpstreamError};

use response::Deadline;
use target::Target;

/// The longest head of an answer, in bytes. It is looked at between two reads, so a longer one may
/// pass when it comes in one.
const HEAD_BYTES: usize = 64 * 1024;
const OURSELVES: &str = concat!("glassworks/", env!("CARGO_PKG_VERSION"));

/// The guarded client. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    network: Arc<dyn Network>,
    allowed: Arc<[Upstream]>,
    /// In place of the system's authorities.
    tls: Option<TlsConnector>,
}

/// What to send.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// An http or https URL.
    pub url: String,
    /// Headers, beside those that this client sets itself: `Host`, `Connection`,
    /// `Content-Length`, and `Accept-Encoding` (none: bytes are counted as they come).
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
}

impl Request {
    /// A request without headers or body.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }
}

/// How much a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Resolving, connecting and agreeing on TLS, for each hop.
    pub connect: Duration,
    /// All of it, the body included; `None` when the caller has a limit of its own.
    pub total: Option<Duration>,
    /// How many redirects are followed; 0 makes a redirect the answer.
    pub redirects: u32,
    /// Bytes of the body.
    pub body: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Some(Duration::from_secs(30)),
            redirects: 5,
            body: 16 * 1024 * 1024,
        }
    }
}

impl Outbound {
    /// A client that reaches public addresses, and the hosts in `allowed`.
    pub fn new(allowed: impl Into<Vec<Upstream>>) -> Self {
        Self {
            network: Arc::new(System::default()),
            allowed: allowed.into().into(),
            tls: None,
        }
    }

    /// The same with another resolver and other sockets.
    #[must_use]
    pub fn with_network(mut self, network: impl Network) -> Self {
        self.network = Arc::new(network);
        self
    }

    /// The same, trusting these certificate authorities in place of the system's.
    #[must_use]
    pub fn with_roots(mut self, roots: RootCertStore) -> Self {
        self.tls = Some(tls::trusting(roots));
        self
    }

    /// Refuses what cannot be asked for however names resolve, for a check before the work.
    pub fn check(&self, url: &str) -> Result<(), Error> {
        Target::read(url, &self.allowed).map(drop)
    }

    /// Sends `request`, follows redirects, and returns the answer as soon as its head is there.
    ///
    /// `timings` is kept up to date, so that it tells of a request that failed, too. Dropping the
    /// future or the [`Response`] closes the connection.
    pub async fn send(
        &self,
        mut request: Request,
        limits: &Limits,
        timings: &mut Timings,
    ) -> Result<Response, Error> {
        let started = Instant::now();
        let deadline = Deadline::after(limits.total);
        let mut target = Target::read(&request.url, &self.allowed)?;
        let mut redirects = 0;
        loop {
            let exchange = self.exchange(&target, &request, limits, timings);
            let (answer, connection) = deadline.within(exchange).await?;
            timings.first_byte = Some(started.elapsed());
            let next = match redirect::location(answer.status(), answer.headers()) {
                Some(location) if limits.redirects > 0 => str::from_utf8(location)
                    .map_err(|_| Error::Url("it is not UTF-8".to_owned()))
                    .and_then(|location| target.join(location, &self.allowed))
                    .map_err(|error| Error::Redirected(Box::new(error)))?,
                _ => {
                    let url = target.url().to_string();
                    let body_limit = limits.body;
                    return Ok(Response::new(
                        answer, connection, url, redirects, deadline, body_limit,
                    ));
                }
            };
            redirects += 1;
            if redirects > limits.redirects {
                return Err(Error::Redirects(limits.redirects));
            }
            redirect::follow(&mut request, answer.status(), &target, &next);
            target = next;
        }
    }

    /// One hop: a connection of its own, one request, and the head of its answer.
    async fn exchange(
        &self,
        target: &Target,
        request: &Request,
        limits: &Limits,
        timings: &mut Timings,
    ) -> Result<(http::Response<hyper::body::Incoming>, AbortOnDropHandle<()>), Error> {
        let tls = self.tls.as_ref();
        let connecting = connect::connect(self.network.as_ref(), tls, target, timings);
        let wire = timeout(limits.connect, connecting)
            .await
            .map_err(|_| Error::ConnectTimeout(limits.connect.as_millis()))??;
        let request = head(target, request)?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD_BYTES)
            .handshake(TokioIo::new(wire))
            .await
            .map_err(|error| Error::exchange(&error))?;
        let connection = AbortOnDropHandle::new(tokio::spawn(async move {
            // What goes wrong with it is told to whoever waits for the answer.
            let _ = connection.await;
        }));
        let answer = sender.send_request(request).await;
        Ok((answer.map_err(|error| Error::exchange(&error))?, connection))
    }
}

/// The request as it goes over the wire.
fn head(target: &Target, request: &Request) -> Result<http::Request<Full<Bytes>>, Error> {
    let unreadable = |error: &dyn fmt::Display| Error::Url(error.to_string());
    let mut sent = http::Request::new(Full::new(request.body.clone()));
    *sent.method_mut() = request.method.clone();
    *sent.uri_mut() = target
        .path_and_query()
        .parse()
        .map_err(|error| unreadable(&error))?;
    let headers = sent.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static(OURSELVES));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    for name in request.headers.keys() {
        headers.remove(name);
        for value in request.headers.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    let host = HeaderValue::from_str(target.authority()).map_err(|error| unreadable(&error))?;
    headers.insert(HOST, host);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(sent)
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

impl Default for Outbound {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}
