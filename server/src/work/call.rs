//! Asking the server: one request, one answer.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use glassworks_protocol::Problem;
use http::{HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest answer that is read, in bytes: payloads of 4 MiB and a little, written as JSON.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
/// The pauses between tries, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The server's address, and the key for it.
#[derive(Clone, Debug)]
pub(super) struct Server {
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
                "`{text}` does not begin with http://; for TLS, put a proxy beside the worker"
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
pub(super) enum CallError {
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
    /// Whether the same will be refused again, so that somebody has to change something.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                (400..500).contains(status) && ![408, 429].contains(status)
            }
            Self::Unanswered(_) => false,
        }
    }
}

impl Server {
    /// The same, asked with `key`. None when no header can hold it.
    pub(super) fn with_key(mut self, key: &str) -> Option<Self> {
        let mut key = HeaderValue::try_from(format!("Bearer {}", key.trim())).ok()?;
        key.set_sensitive(true);
        self.key = Some(key);
        Some(self)
    }

    /// Sends `body` to `path`, and reads the answer. Safe to drop; the server may have done it then.
    pub(super) async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
        within: Duration,
    ) -> Result<A, CallError> {
        let body = serde_json::to_vec(body).map_err(unanswered)?;
        let exchange = self.exchange(path, body.into());
        let (status, answer) = timeout(within, exchange)
            .await
            .map_err(|_| CallError::Unanswered("it takes too long".to_owned()))??;
        if (200..300).contains(&status) {
            return serde_json::from_slice(&answer).map_err(unanswered);
        }
        Err(CallError::Refused {
            status,
            said: told(&answer),
        })
    }

    async fn exchange(&self, path: &str, body: Bytes) -> Result<(u16, Bytes), CallError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(unanswered)?;
        let _ = stream.set_nodelay(true);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(unanswered)?;
        // Ends with the exchange: when this future is dropped, the connection is closed.
        let connection = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(connection));
        let mut request = Request::post(format!("{}{path}", self.prefix))
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::USER_AGENT,
                concat!("glassworks/", env!("CARGO_PKG_VERSION")),
            )
            .body(Full::new(body))
            .map_err(unanswered)?;
        if let Some(key) = &self.key {
            request
                .headers_mut()
                .insert(header::AUTHORIZATION, key.clone());
        }
        let answer = sender.send_request(request).await.map_err(unanswered)?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect();
        let body = body.await.map_err(unanswered)?.to_bytes();
        drop(connection);
        Ok((status, body))
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

/// How long to wait before each try: longer each time, and spread.
#[derive(Debug)]
pub(super) struct Patience(Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Patience {
    /// The next pause.
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = LONGEST_PAUSE.min(pause * 2);
        // Workers that have lost the same server do not come back together.
        pause.mul_f64(0.75 + rand::random::<f64>() / 2.0)
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
