//! A client's connection, kept from request to request until somebody ends it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No answer takes as long, not even the output of a task that is followed to its end.
const LIMIT: Duration = Duration::from_mins(1);

/// A connection that is kept.
pub(crate) struct Connection {
    address: SocketAddr,
    requests: SendRequest<Full<Bytes>>,
}

/// The connection broke, or nothing came: whether the request was carried out is unknown.
#[derive(Debug, thiserror::Error)]
#[error("no answer to {request}: {cause}")]
pub(crate) struct NoAnswer {
    request: String,
    cause: String,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    body: Bytes,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, NoAnswer> {
        let refused = |cause: String| NoAnswer {
            request: "a connection".to_owned(),
            cause,
        };
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| refused(error.to_string()))?;
        let (requests, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| refused(error.to_string()))?;
        // Its end shows in the requests.
        tokio::spawn(connection);
        Ok(Self { address, requests })
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, NoAnswer> {
        self.send("GET", path, Bytes::new()).await
    }

    pub(crate) async fn post(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answer, NoAnswer> {
        let body = serde_json::to_vec(body).unwrap();
        self.send("POST", path, body.into()).await
    }

    async fn send(&mut self, method: &str, path: &str, body: Bytes) -> Result<Answer, NoAnswer> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("content-type", "application/json")
            .body(Full::new(body))
            .unwrap();
        let exchange = async {
            self.requests.ready().await?;
            let (head, body) = self.requests.send_request(request).await?.into_parts();
            Ok(Answer {
                status: head.status,
                body: body.collect().await?.to_bytes(),
            })
        };
        let cause = match timeout(LIMIT, exchange).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => hyper::Error::to_string(&error),
            Err(_) => format!("nothing came within {LIMIT:?}"),
        };
        Err(NoAnswer {
            request: format!("{method} {path}"),
            cause,
        })
    }
}

impl Answer {
    /// What was asked for.
    pub(crate) fn read<T: DeserializeOwned>(&self, status: StatusCode) -> Result<T> {
        let text = String::from_utf8_lossy(&self.body);
        ensure!(self.status == status, "answered {}: {text}", self.status);
        serde_json::from_slice(&self.body).with_context(|| format!("unreadable answer: {text}"))
    }
}
