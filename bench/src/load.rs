//! Clients that send the same request over and over, each on a connection of its own.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::peer::Peer;

/// A request, and the status that it must be answered with.
#[derive(Clone)]
pub(crate) struct Ask {
    method: &'static str,
    target: Cow<'static, str>,
    body: Bytes,
    expected: StatusCode,
}

impl Ask {
    pub(crate) fn get(target: impl Into<Cow<'static, str>>, expected: StatusCode) -> Self {
        Self {
            method: "GET",
            target: target.into(),
            body: Bytes::new(),
            expected,
        }
    }

    pub(crate) fn post(target: &'static str, body: &Value, expected: StatusCode) -> Self {
        Self {
            method: "POST",
            target: Cow::Borrowed(target),
            body: body.to_string().into(),
            expected,
        }
    }

    /// A POST without a body.
    pub(crate) fn post_to(target: impl Into<Cow<'static, str>>, expected: StatusCode) -> Self {
        Self {
            method: "POST",
            target: target.into(),
            body: Bytes::new(),
            expected,
        }
    }
}

/// One connection that is kept open.
pub(crate) struct Connection {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { address, sender }
    }

    /// How long it took from sending the request to the end of the answer.
    pub(crate) async fn send(&mut self, ask: &Ask) -> Duration {
        self.fetch(ask).await.0
    }

    /// As [`send`](Self::send), with the answer's body.
    pub(crate) async fn fetch(&mut self, ask: &Ask) -> (Duration, Bytes) {
        let (took, status, body) = self.exchange(ask).await;
        assert_eq!(status, ask.expected, "{}", ask.target);
        (took, body)
    }

    /// As [`fetch`](Self::fetch), whatever the status.
    pub(crate) async fn exchange(&mut self, ask: &Ask) -> (Duration, StatusCode, Bytes) {
        let mut request = Request::builder()
            .method(ask.method)
            .uri(&*ask.target)
            .header("host", self.address.to_string());
        if !ask.body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Full::new(ask.body.clone())).unwrap();
        self.sender.ready().await.unwrap();
        let began = Instant::now();
        let answer = self.sender.send_request(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (began.elapsed(), status, body)
    }

    /// The answer to a GET, as JSON.
    pub(crate) async fn json(&mut self, target: impl Into<Cow<'static, str>>) -> Value {
        let (_, body) = self.fetch(&Ask::get(target, StatusCode::OK)).await;
        serde_json::from_slice(&body).unwrap()
    }
}

/// What came of a load.
pub(crate) struct Load {
    /// How many answers there were.
    pub(crate) answers: u64,
    /// Answers a second.
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// What the server's process took for one answer.
    pub(crate) processor: Duration,
}

/// Keeps `connections` busy with one request for `span`.
pub(crate) async fn load(server: &Peer, ask: &Ask, connections: usize, span: Duration) -> Load {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(server.address).await);
    }
    let before = server.processor_time();
    let began = Instant::now();
    let clients: Vec<_> = open
        .into_iter()
        .map(|mut connection| {
            let ask = ask.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                while began.elapsed() < span {
                    times.push(connection.send(&ask).await);
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.unwrap());
    }
    let took = began.elapsed();
    let processor = server.processor_time().saturating_sub(before);
    Load {
        answers: times.len() as u64,
        rate: times.len() as f64 / took.as_secs_f64(),
        processor: processor.div_f64(times.len() as f64),
        p50: percentile(&mut times, 0.5),
        p99: percentile(&mut times, 0.99),
    }
}

/// The time that a `share` of them did not exceed: 1 for the longest.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a list"
)]
pub(crate) fn percentile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let place = (times.len() as f64 * share).ceil() as usize;
    times[place.saturating_sub(1)]
}
