//! What reaching out needs from the system: names to addresses, and connections to addresses.

use std::io;
use std::net::SocketAddr;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::net::TcpStream;

use super::lookups::LookUps;

/// What reaching out needs from the system. Tests have one of their own, whose answers they choose.
pub trait Network: Send + Sync + 'static {
    /// The addresses that `host` leads to, the preferred first. Dropping the future gives its place
    /// to others.
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;

    /// A connection to this address and no other.
    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>>;
}

/// The system's resolver and its sockets. No proxy is ever used, whatever the environment says: a
/// proxy would resolve the name again, and where to is not for us to check.
#[derive(Debug, Default)]
pub struct System(LookUps);

impl Network for System {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        self.0.resolve(host.to_owned(), port).boxed()
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        TcpStream::connect(address).boxed()
    }
}
