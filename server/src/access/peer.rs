//! The address that a connection comes from.

use std::net::IpAddr;

use axum::extract::Request;

/// The address that a request's connection comes from, in the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    /// That of `request`; `None` outside a connection, in tests.
    pub(crate) fn of(request: &Request) -> Option<IpAddr> {
        request.extensions().get::<Self>().map(|peer| peer.0)
    }
}
