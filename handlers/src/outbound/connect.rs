//! From a checked URL to a connection: the address that was checked is the one connected to.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use url::Host;

use super::address;
use super::error::Error;
use super::network::Network;
use super::target::Target;
use super::timings::Timings;
use super::tls;

/// How many addresses of a name are tried.
const MOST_ADDRESSES: usize = 8;
/// How long a name may take to resolve, waiting in line for it included.
const LOOK_UP: Duration = Duration::from_secs(8);
/// How long one address has before the next is tried beside it (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// A connection, with or without TLS.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Connects to `target`. What each step took is added to `timings`, as soon as it is over.
pub(super) async fn connect(
    network: &dyn Network,
    tls: Option<&TlsConnector>,
    target: &Target,
    timings: &mut Timings,
) -> Result<Box<dyn Wire>, Error> {
    let addresses = addresses(network, target, timings).await?;
    let started = Instant::now();
    let connected = first_of(network, addresses).await;
    Timings::add(&mut timings.connect, started.elapsed());
    let stream = connected.map_err(|error| Error::connect(&error))?;
    // Whole requests are written at once, so waiting to fill a packet only costs time. A socket
    // that refuses this works all the same.
    let _ = stream.set_nodelay(true);
    if !target.is_https() {
        return Ok(Box::new(stream));
    }
    let name = server_name(target)?;
    let connector = match tls {
        Some(own) => own.clone(),
        None => tls::system().await?,
    };
    let started = Instant::now();
    let agreed = connector.connect(name, stream).await;
    Timings::add(&mut timings.tls, started.elapsed());
    match agreed {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(Error::Tls(error.to_string())),
    }
}

/// Where to connect to: one look-up, and from its answers only those that may be reached.
///
/// A name with a forbidden address beside a public one is not refused: the forbidden one is never
/// connected to, and there is no second look-up that could bring it back (DNS rebinding).
async fn addresses(
    network: &dyn Network,
    target: &Target,
    timings: &mut Timings,
) -> Result<Vec<SocketAddr>, Error> {
    if let Some(address) = target.literal() {
        return Ok(vec![SocketAddr::new(address, target.port())]);
    }
    let host = target.host().to_string();
    let started = Instant::now();
    let answers = timeout(LOOK_UP, network.resolve(&host, target.port())).await;
    Timings::add(&mut timings.dns, started.elapsed());
    let Ok(answers) = answers else {
        let ms = LOOK_UP.as_millis();
        return Err(Error::ResolveTimeout { host, ms });
    };
    let answers = answers.unwrap_or_default();
    let mut forbidden = None;
    let mut addresses = Vec::new();
    for answer in answers {
        match address::why_forbidden(answer.ip()) {
            Some(what) if !target.is_allowed() => forbidden = Some(what),
            _ => addresses.push(SocketAddr::new(answer.ip(), target.port())),
        }
    }
    addresses.truncate(MOST_ADDRESSES);
    match forbidden {
        _ if !addresses.is_empty() => Ok(addresses),
        Some(what) => Err(Error::Name { host, what }),
        None => Err(Error::Resolve(host)),
    }
}

/// The first of the addresses that answers; a late one is not waited for before the next is tried.
async fn first_of(network: &dyn Network, addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        attempts.extend(waiting.next().map(|address| network.connect(address)));
        let more = !waiting.as_slice().is_empty();
        tokio::select! {
            attempt = attempts.next() => match attempt {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => failure = error,
                None => return Err(failure),
            },
            () = tokio::time::sleep(HEAD_START), if more => {}
        }
    }
}

/// Whom the certificate has to name. The dot that completes a name is no part of it.
fn server_name(target: &Target) -> Result<ServerName<'static>, Error> {
    match target.host() {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            ServerName::try_from(name.to_owned()).map_err(|error| Error::Tls(error.to_string()))
        }
        Host::Ipv4(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Ipv6(address) => Ok(ServerName::IpAddress((*address).into())),
    }
}
