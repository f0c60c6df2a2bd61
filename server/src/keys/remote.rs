//! Keys of a running server, through its API.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use glassworks_protocol::{ApiKey, CreatedKey, NewKey, Problem};
use http::uri::Scheme;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer: a thousand keys with their limits.
const LONGEST_ANSWER: usize = 32 * 1024 * 1024;

/// A running server, and the key to ask it with.
pub(super) struct Remote {
    authority: http::uri::Authority,
    key: Option<String>,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<ApiKey>,
}

impl Remote {
    /// The server at `url`.
    pub(super) fn new(url: &str, key: Option<String>) -> Result<Self, Box<dyn Error>> {
        let uri: Uri = url.parse().map_err(|_| format!("{url} is no URL"))?;
        if uri.scheme() != Some(&Scheme::HTTP) {
            return Err(
                "--server takes an http:// address: ask on the server's own machine".into(),
            );
        }
        let authority = uri.authority().cloned();
        let authority = authority.ok_or_else(|| format!("{url} names no server"))?;
        Ok(Self { authority, key })
    }

    pub(super) async fn create(&self, new: &NewKey) -> Result<CreatedKey, Box<dyn Error>> {
        let body = serde_json::to_vec(new)?;
        let answer = self.ask(Method::POST, "/api/keys", body).await?;
        read(&answer)
    }

    pub(super) async fn list(&self) -> Result<Vec<ApiKey>, Box<dyn Error>> {
        let answer = self.ask(Method::GET, "/api/keys", Vec::new()).await?;
        read(&answer).map(|Keys { keys }| keys)
    }

    pub(super) async fn revoke(&self, id: Uuid) -> Result<(), Box<dyn Error>> {
        let path = format!("/api/keys/{id}");
        self.ask(Method::DELETE, &path, Vec::new()).await.map(drop)
    }

    /// The body of a good answer; the problem's words of another.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Bytes, Box<dyn Error>> {
        let asking = self.exchange(method, path, body);
        let answer = timeout(PATIENCE, asking).await;
        let (status, body) = answer
            .map_err(|_| format!("{} does not answer", self.authority))?
            .map_err(|error| format!("cannot ask {}: {error}", self.authority))?;
        if status.is_success() {
            return Ok(body);
        }
        let problem: Option<Problem> = serde_json::from_slice(&body).ok();
        Err(problem
            .map_or_else(|| status.to_string(), |problem| problem.to_string())
            .into())
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Bytes), Box<dyn Error>> {
        let host = self.authority.host().trim_matches(['[', ']']);
        let port = self.authority.port_u16().unwrap_or(80);
        let stream = TcpStream::connect((host, port)).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.authority.as_str())
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", key.trim()));
        }
        let request = request.body(Full::new(Bytes::from(body)))?;
        let answering = async {
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), LONGEST_ANSWER);
            let body = body.collect().await.map_err(|error| error.to_string())?;
            Ok((status, body.to_bytes()))
        };
        tokio::pin!(answering);
        tokio::select! {
            answer = &mut answering => answer,
            // The connection may be over as soon as all has come.
            _ = connection => answering.await,
        }
    }
}

fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Box<dyn Error>> {
    serde_json::from_slice(answer)
        .map_err(|error| format!("the answer is not one of this version's: {error}").into())
}
