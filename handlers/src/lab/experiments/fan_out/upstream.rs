//! What the three servers have in common: asking another one over HTTP.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::lab::received::HEADER;

/// One service to ask: where it is, the number of the request, and how long it will take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    pub(crate) number: u32,
    pub(crate) takes_ms: u32,
}

/// What an upstream answers; an empty text when it does not.
pub(crate) async fn ask(upstream: Upstream) -> String {
    fetch(upstream).await.unwrap_or_default()
}

async fn fetch(upstream: Upstream) -> Option<String> {
    let stream = TcpStream::connect(upstream.address).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let request = Request::get(format!("/wait/{}", upstream.takes_ms))
        .header(header::HOST, upstream.address.to_string())
        .header(HEADER, upstream.number)
        .body(Empty::<Bytes>::new())
        .ok()?;
    let response = sender.send_request(request).await.ok()?;
    let body = response.into_body().collect().await.ok()?.to_bytes();
    Some(String::from_utf8_lossy(&body).into_owned())
}
