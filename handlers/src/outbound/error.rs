//! Why a request that reaches out failed, in words for whoever asked for it.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io;

/// Why a request that reaches out failed. Each says it for whoever asked for the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL cannot be read.
    #[error("not a URL: {0}")]
    Url(String),
    /// The URL is too long.
    #[error("the URL is {0} bytes; at most {most} are accepted", most = super::target::LONGEST_URL)]
    LongUrl(usize),
    /// Neither http nor https.
    #[error("the scheme `{0}` is not supported; use http or https")]
    Scheme(String),
    /// There is a user or a password in the URL.
    #[error("the URL must not hold a user or password; send an Authorization header")]
    Credentials,
    /// Another protocol lives there.
    #[error("port {0} is not for HTTP")]
    Port(u16),
    /// The address is not a public one.
    #[error(
        "`{host}` is {what}; only public addresses are reached, unless the operator allows the host"
    )]
    Address {
        /// The host as in the URL, which is an address.
        host: String,
        /// What sort of address.
        what: &'static str,
    },
    /// The name leads to no public address.
    #[error(
        "`{host}` leads to {what}; only public addresses are reached, unless the operator allows the host"
    )]
    Name {
        /// The host as in the URL. Where it leads is not told: that is the operator's network.
        host: String,
        /// What sort of address.
        what: &'static str,
    },
    /// The name leads nowhere.
    #[error("cannot resolve `{0}`")]
    Resolve(String),
    /// No name server answered, or too many look-ups were before this one in line.
    #[error("no answer within {ms} ms to where `{host}` is")]
    ResolveTimeout {
        /// The host as in the URL.
        host: String,
        /// How long was waited, in milliseconds.
        ms: u128,
    },
    /// Nobody answers there.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The server is not who it should be, or does not speak TLS.
    #[error("cannot agree on TLS: {0}")]
    Tls(String),
    /// The connection took too long.
    #[error("no connection within {0} ms")]
    ConnectTimeout(u128),
    /// All of it took too long.
    #[error("timed out after {0} ms")]
    Timeout(u128),
    /// It was sent on too often.
    #[error("redirected more than {0} times")]
    Redirects(u32),
    /// Where it was sent on to is not acceptable.
    #[error("redirected to where it must not go: {0}")]
    Redirected(Box<Error>),
    /// The head of the answer has no end.
    #[error("the answer's headers are over {0} bytes")]
    Head(usize),
    /// The answer is too long.
    #[error("the answer is over {0} bytes")]
    Body(u64),
    /// What came is no whole HTTP answer.
    #[error("{0}")]
    Broken(String),
}

impl Error {
    /// Whether the same request may succeed later: the network failed, not the request.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Resolve(_)
                | Self::ResolveTimeout { .. }
                | Self::Connect(_)
                | Self::Tls(_)
                | Self::ConnectTimeout(_)
                | Self::Timeout(_)
                | Self::Broken(_)
        )
    }

    pub(super) fn connect(error: &io::Error) -> Self {
        // An operating system's words carry its number, which helps nobody here.
        let text = error.to_string();
        let words = text.split(" (os error").next().unwrap_or(&text);
        Self::Connect(words.to_owned())
    }

    pub(super) fn exchange(error: &hyper::Error) -> Self {
        if error.is_parse_too_large() {
            return Self::Head(super::HEAD_BYTES);
        }
        if error.is_incomplete_message() || is_early_end(error) {
            let closed = "the connection was closed before the answer was complete";
            return Self::Broken(closed.to_owned());
        }
        if error.is_parse() {
            return Self::Broken(format!("the answer is not HTTP: {error}"));
        }
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        Self::Broken(text)
    }
}

/// Whether the connection was closed in the middle of a body.
fn is_early_end(error: &hyper::Error) -> bool {
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof)
}
