//! The client that measures a victim: real requests from a thread that shares nothing with it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::clock::Clock;
use super::received::{self, Received, Times};

/// How long an answer is waited for. No experiment takes so long.
const PATIENCE: Duration = Duration::from_mins(2);
/// What is read of an answer, in bytes. No experiment sends as much.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Which connections requests are sent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Connections {
    /// Kept open and used again, as browsers do.
    #[default]
    KeepAlive,
    /// A new one for each request.
    New,
}

/// One request and what became of it.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// Its number among the requests to its victim.
    pub(crate) number: u32,
    pub(crate) track: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) sent: Duration,
    pub(crate) server: Option<Times>,
    /// The first byte of the answer's body, or its head where it has none.
    pub(crate) first_byte: Option<Duration>,
    pub(crate) done: Duration,
    pub(crate) status: Option<StatusCode>,
    pub(crate) bytes: u64,
    pub(crate) kept_alive: bool,
    pub(crate) failure: Option<String>,
    /// The beginning of what was answered.
    pub(crate) text: String,
}

impl Exchange {
    pub(crate) fn took(&self) -> Duration {
        self.done.saturating_sub(self.sent)
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.status.is_some_and(|status| status.is_success()) && self.failure.is_none()
    }
}

/// Sends requests to one victim. Clones share its connections.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    connections: Connections,
    clock: Clock,
    received: Received,
    heard: mpsc::UnboundedSender<Exchange>,
    next: Arc<AtomicU32>,
    idle: Arc<Mutex<Vec<SendRequest<Full<Bytes>>>>>,
}

impl Client {
    /// One that tells `heard` of each exchange: at most [`received::MOST`] of them.
    pub(crate) fn new(
        address: SocketAddr,
        connections: Connections,
        clock: Clock,
        received: Received,
        heard: mpsc::UnboundedSender<Exchange>,
        next: Arc<AtomicU32>,
    ) -> Self {
        Self {
            address,
            connections,
            clock,
            received,
            heard,
            next,
            idle: Arc::default(),
        }
    }

    /// One with connections of its own, to the same server.
    pub(crate) fn apart(&self, connections: Connections) -> Self {
        Self {
            connections,
            idle: Arc::default(),
            ..self.clone()
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    pub(crate) async fn get(&self, track: &'static str, path: &str) -> Exchange {
        self.send(track, Method::GET, path, Bytes::new()).await
    }

    pub(crate) async fn post(&self, track: &'static str, path: &str, body: Bytes) -> Exchange {
        self.send(track, Method::POST, path, body).await
    }

    async fn send(&self, track: &'static str, method: Method, path: &str, body: Bytes) -> Exchange {
        let now = self.clock.now();
        let mut exchange = Exchange {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            track,
            method,
            path: path.to_owned(),
            sent: now,
            server: None,
            first_byte: None,
            done: now,
            status: None,
            bytes: 0,
            kept_alive: false,
            failure: None,
            text: String::new(),
        };
        if exchange.number >= received::MOST {
            exchange.failure = Some("not sent: too many requests for one run".to_owned());
            return exchange;
        }
        match timeout(PATIENCE, self.exchange(&mut exchange, body)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => exchange.failure = Some(error),
            Err(_) => exchange.failure = Some("no answer".to_owned()),
        }
        exchange.done = self.clock.now();
        exchange.server = self.received.of(exchange.number);
        // The run may be over.
        let _ = self.heard.send(exchange.clone());
        exchange
    }

    /// Sends a request and goes away after `patience`, by closing its connection. Told like the
    /// others.
    pub(crate) async fn leave(
        &self,
        track: &'static str,
        path: &str,
        patience: Duration,
    ) -> Exchange {
        let now = self.clock.now();
        let mut exchange = Exchange {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            track,
            method: Method::POST,
            path: path.to_owned(),
            sent: now,
            server: None,
            first_byte: None,
            done: now,
            status: None,
            bytes: 0,
            kept_alive: false,
            failure: None,
            text: String::new(),
        };
        // Dropping the connection's own future closes it, which a spawned one would not.
        let attempt = async {
            let stream = TcpStream::connect(self.address).await.map_err(text)?;
            let (mut sender, connection) =
                http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
            let request = self.request(&exchange, Bytes::new())?;
            tokio::select! {
                answer = async {
                    let head = sender.send_request(request).await.map_err(text)?;
                    let status = head.status();
                    head.into_body().collect().await.map_err(text)?;
                    Ok::<_, String>(status)
                } => answer,
                _ = connection => Err("the server closed the connection".to_owned()),
            }
        };
        match timeout(patience, attempt).await {
            Ok(Ok(status)) => exchange.status = Some(status),
            Ok(Err(error)) => exchange.failure = Some(error),
            Err(_) => exchange.failure = Some("the client went away".to_owned()),
        }
        exchange.done = self.clock.now();
        exchange.server = self.received.of(exchange.number);
        let _ = self.heard.send(exchange.clone());
        exchange
    }

    fn request(&self, exchange: &Exchange, body: Bytes) -> Result<Request<Full<Bytes>>, String> {
        Request::builder()
            .method(exchange.method.clone())
            .uri(&exchange.path)
            .header(header::HOST, self.address.to_string())
            .header(received::HEADER, exchange.number)
            .body(Full::new(body))
            .map_err(text)
    }

    async fn exchange(&self, exchange: &mut Exchange, body: Bytes) -> Result<(), String> {
        let request = self.request(exchange, body)?;
        let mut sender = self.connection(exchange).await?;
        let response = sender.send_request(request).await.map_err(text)?;
        exchange.status = Some(response.status());
        let mut answer = response.into_body();
        while let Some(frame) = answer.frame().await {
            let Ok(data) = frame.map_err(text)?.into_data() else {
                continue;
            };
            if exchange.bytes == 0 {
                exchange.text = String::from_utf8_lossy(&data[..data.len().min(1_024)]).into();
            }
            exchange.first_byte.get_or_insert(self.clock.now());
            exchange.bytes += data.len() as u64;
            if exchange.bytes > MOST_BYTES {
                return Err("the answer is too long".to_owned());
            }
        }
        exchange.first_byte.get_or_insert(self.clock.now());
        if self.connections == Connections::KeepAlive {
            self.idle.lock().push(sender);
        }
        Ok(())
    }

    /// A connection that is open and free, or a new one.
    async fn connection(
        &self,
        exchange: &mut Exchange,
    ) -> Result<SendRequest<Full<Bytes>>, String> {
        loop {
            let idle = self.idle.lock().pop();
            let Some(mut sender) = idle else {
                break;
            };
            if sender.ready().await.is_ok() {
                exchange.kept_alive = true;
                return Ok(sender);
            }
        }
        let stream = TcpStream::connect(self.address).await.map_err(text)?;
        stream.set_nodelay(true).map_err(text)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
