//! Asking a running server from the command line: one request, one answer or one stream.

mod patience;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use glassworks_protocol::Problem;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header,
};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

pub(crate) use self::patience::Patience;
use crate::access::KEY_VARIABLE;

/// The longest answer that is read, in bytes: payloads of 4 MiB and a little, written as JSON.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Of a problem no more is read, and for no longer.
const LONGEST_REFUSAL: usize = 64 * 1024;
const REFUSED_WITHIN: Duration = Duration::from_secs(5);

const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("glassworks/", env!("CARGO_PKG_VERSION")));

/// Which server to ask.
#[derive(Args, Clone, Debug)]
pub struct ServerOption {
    /// The server's address. A key for it is taken from the variable `GLASSWORKS_KEY`.
    #[arg(
        long,
        env = "GLASSWORKS_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:8000"
    )]
    server: Server,
}

impl ServerOption {
    /// The server, to be asked with the key of the environment if there is one.
    ///
    /// # Errors
    ///
    /// When the variable holds what can be no key.
    pub(crate) fn server(&self) -> Result<Server, String> {
        self.server.clone().with_key_of_environment()
    }
}

/// The server's address, and the key for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// As in the `Host` header.
    authority: String,
    /// To connect to.
    host: String,
    port: u16,
    /// What comes before each path, without a slash at its end.
    prefix: String,
    /// As in the `Authorization` header. It is not shown in logs.
    key: Option<HeaderValue>,
}

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not an address such as http://127.0.0.1:8000");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        if uri.scheme_str() != Some("http") {
            return Err(format!(
                "`{text}` does not begin with http://; for TLS, ask through a proxy beside this program"
            ));
        }
        let authority = uri.authority().ok_or_else(wrong)?;
        let host = authority.host().trim_matches(['[', ']']);
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(wrong());
        }
        Ok(Self {
            authority: authority.to_string(),
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(80),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            key: None,
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.prefix)
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server has answered, and not as was hoped.
    #[error("the server refuses ({status}): {said}")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// What it said.
        said: String,
    },
    /// It could not be asked, or its answer cannot be read.
    #[error("the server does not answer: {0}")]
    Unanswered(String),
}

impl CallError {
    fn refused(status: StatusCode, answer: &[u8]) -> Self {
        Self::Refused {
            status: status.as_u16(),
            said: told(answer),
        }
    }

    /// Nobody answers in time.
    pub(crate) fn late() -> Self {
        Self::Unanswered("it takes too long".to_owned())
    }

    /// Whether the same will be refused again, so that somebody has to change something.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                (400..500).contains(status) && ![408, 429].contains(status)
            }
            Self::Unanswered(_) => false,
        }
    }
}

impl Server {
    /// The same, asked with the key of the environment if there is one.
    ///
    /// # Errors
    ///
    /// When the variable holds what can be no key.
    pub fn with_key_of_environment(mut self) -> Result<Self, String> {
        let key = std::env::var(KEY_VARIABLE).unwrap_or_default();
        if !key.trim().is_empty() {
            let mut key = HeaderValue::try_from(format!("Bearer {}", key.trim()))
                .map_err(|_| format!("{KEY_VARIABLE} does not hold a key"))?;
            key.set_sensitive(true);
            self.key = Some(key);
        }
        Ok(self)
    }

    /// Sends `body` to `path`, and reads the answer. Safe to drop; the server may have done it then.
    pub(crate) async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
        within: Duration,
    ) -> Result<A, CallError> {
        let body = serde_json::to_vec(body).map_err(unanswered)?;
        let ask = Ask::new(Method::POST, path).with_body(body);
        read(&self.ask(ask, within).await?)
    }

    /// The answer to `ask`, if it is a good one. Safe to drop, as [`post`](Self::post).
    ///
    /// # Errors
    ///
    /// When it is refused, or not answered `within` that time.
    pub async fn ask(&self, ask: Ask, within: Duration) -> Result<Bytes, CallError> {
        let exchange = async {
            let (answer, connection) = self.send(ask).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect();
            let body = body.await.map_err(unanswered)?.to_bytes();
            drop(connection);
            Ok((status, body))
        };
        let exchange = timeout(within, exchange).await;
        let (status, answer) = exchange.map_err(|_| CallError::late())??;
        if status.is_success() {
            return Ok(answer);
        }
        Err(CallError::refused(status, &answer))
    }

    /// The beginning of an answer, and what has to be kept while the rest of it is read.
    pub(crate) async fn send(
        &self,
        ask: Ask,
    ) -> Result<(Response<Incoming>, AbortOnDropHandle<hyper::Result<()>>), CallError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(unanswered)?;
        let _ = stream.set_nodelay(true);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(unanswered)?;
        // Ends with the exchange: when this is dropped, the connection is closed.
        let connection = AbortOnDropHandle::new(tokio::spawn(connection));
        let mut request = Request::builder()
            .method(ask.method)
            .uri(format!("{}{}", self.prefix, ask.path))
            .body(Full::new(ask.body))
            .map_err(unanswered)?;
        let headers = request.headers_mut();
        *headers = ask.headers;
        let host = HeaderValue::try_from(&self.authority).map_err(unanswered)?;
        headers.insert(header::HOST, host);
        headers.insert(header::USER_AGENT, USER_AGENT);
        if let Some(key) = &self.key {
            headers.insert(header::AUTHORIZATION, key.clone());
        }
        let answer = sender.send_request(request).await.map_err(unanswered)?;
        Ok((answer, connection))
    }
}

/// A request.
#[derive(Debug)]
pub struct Ask {
    method: Method,
    /// With its query.
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Ask {
    /// One without a body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// The same with a body of JSON.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.with(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )
    }

    /// The same with one more header.
    #[must_use]
    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// An answer of JSON.
///
/// # Errors
///
/// When it is not one of this version's.
pub fn read<A: DeserializeOwned>(answer: &[u8]) -> Result<A, CallError> {
    serde_json::from_slice(answer).map_err(unanswered)
}

/// What an answer refuses. What it says is read for a moment.
pub(crate) async fn refusal(answer: Response<Incoming>) -> CallError {
    let status = answer.status();
    let said = Limited::new(answer.into_body(), LONGEST_REFUSAL).collect();
    match timeout(REFUSED_WITHIN, said).await {
        Ok(Ok(said)) => CallError::refused(status, &said.to_bytes()),
        _ => CallError::refused(status, &[]),
    }
}

fn unanswered(error: impl fmt::Display) -> CallError {
    CallError::Unanswered(error.to_string())
}

/// What the body of a refusal says.
fn told(answer: &[u8]) -> String {
    let Ok(problem) = serde_json::from_slice::<Problem>(answer) else {
        return "it does not say why".to_owned();
    };
    let detail = problem.detail.unwrap_or(problem.title);
    let errors = problem.errors.iter();
    let errors: Vec<_> = errors
        .map(|error| format!("{}: {}", error.pointer, error.detail))
        .collect();
    if errors.is_empty() {
        detail
    } else {
        errors.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::{CallError, Server};

    #[test]
    fn an_address_is_read_with_its_prefix() {
        let server = |text: &str| text.parse::<Server>();
        let plain = server("http://127.0.0.1:8000").unwrap();
        assert_eq!((plain.port, plain.prefix.as_str()), (8000, ""));
        let behind = server("http://tasks.example/glassworks/").unwrap();
        assert_eq!((behind.port, behind.prefix.as_str()), (80, "/glassworks"));
        assert_eq!(server("http://[::1]:9").unwrap().host, "::1");
        for wrong in [
            "",
            "127.0.0.1:8000",
            "https://a",
            "http://",
            "http://u@a",
            "http://a/?b",
        ] {
            assert!(server(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_somebody_has_to_change_is_told_from_what_passes() {
        let refused = |status| CallError::Refused {
            status,
            said: String::new(),
        };
        for (status, is_final) in [
            (422, true),
            (404, true),
            (429, false),
            (503, false),
            (408, false),
        ] {
            assert_eq!(refused(status).is_final(), is_final, "{status}");
        }
        assert!(!CallError::Unanswered(String::new()).is_final());
    }
}
