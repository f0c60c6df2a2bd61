//! A network whose answers a test chooses, and which remembers what was asked of it.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use glassworks_handlers::outbound::Network;
use parking_lot::Mutex;
use tokio::net::TcpStream;

/// A public address, which stands for the internet.
pub(crate) const PUBLIC: &str = "93.184.216.34";

/// A network whose answers a test chooses.
#[derive(Clone, Default)]
pub(crate) struct Scripted(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    /// What each name leads to, look-up by look-up; the last answer stays.
    names: HashMap<String, Vec<Vec<IpAddr>>>,
    /// Where connections to an address really go.
    routes: HashMap<IpAddr, SocketAddr>,
    /// Names to which there is no answer.
    silent: Vec<String>,
    looked_up: Vec<String>,
    connected: Vec<SocketAddr>,
}

impl Scripted {
    /// `name` leads to these addresses, from the next look-up on that has no answer yet.
    pub(crate) fn name(self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|it| it.parse().unwrap()).collect();
        let mut script = self.0.lock();
        script
            .names
            .entry(name.to_owned())
            .or_default()
            .push(addresses);
        drop(script);
        self
    }

    /// Look-ups of `name` are never answered.
    pub(crate) fn silent(self, name: &str) -> Self {
        self.0.lock().silent.push(name.to_owned());
        self
    }

    /// Connections to `address` go to a service on loopback, on whatever port.
    pub(crate) fn route(self, address: &str, service: SocketAddr) -> Self {
        let address = address.parse().unwrap();
        self.0.lock().routes.insert(address, service);
        self
    }

    /// The names that were looked up, in order.
    pub(crate) fn looked_up(&self) -> Vec<String> {
        self.0.lock().looked_up.clone()
    }

    /// The addresses that were connected to, in order.
    pub(crate) fn connected(&self) -> Vec<String> {
        let script = self.0.lock();
        script.connected.iter().map(ToString::to_string).collect()
    }
}

impl Network for Scripted {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let mut script = self.0.lock();
        script.looked_up.push(host.to_owned());
        if script.silent.iter().any(|name| name == host) {
            return futures::future::pending().boxed();
        }
        let answer = script.names.get_mut(host).map(|answers| {
            if answers.len() > 1 {
                answers.remove(0)
            } else {
                answers[0].clone()
            }
        });
        let unknown = || io::Error::from(io::ErrorKind::NotFound);
        let sockets =
            move |ips: Vec<IpAddr>| ips.into_iter().map(move |ip| SocketAddr::new(ip, port));
        let answer = answer.ok_or_else(unknown);
        async move { Ok(sockets(answer?).collect()) }.boxed()
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        let mut script = self.0.lock();
        script.connected.push(address);
        let route = script.routes.get(&address.ip()).copied();
        async move {
            let route = route.ok_or(io::ErrorKind::ConnectionRefused)?;
            TcpStream::connect(route).await
        }
        .boxed()
    }
}
