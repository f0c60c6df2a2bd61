//! An answer whose body is still under way, within its limits.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::error::Error;

/// An answer whose body is still under way. Dropping it closes the connection.
#[derive(Debug)]
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    url: String,
    redirects: u32,
    body: Incoming,
    bytes: u64,
    limit: u64,
    deadline: Deadline,
    /// Drives the connection.
    _connection: AbortOnDropHandle<()>,
}

impl Response {
    pub(super) fn new(
        answer: http::Response<Incoming>,
        connection: AbortOnDropHandle<()>,
        url: String,
        redirects: u32,
        deadline: Deadline,
        limit: u64,
    ) -> Self {
        let (head, body) = answer.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            url,
            redirects,
            body,
            bytes: 0,
            limit,
            deadline,
            _connection: connection,
        }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The URL that answered, after all redirects.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many redirects led here.
    pub fn redirects(&self) -> u32 {
        self.redirects
    }

    /// Bytes of the body that have come.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What comes next of the body; `None` at its end. An error when there is more than the limit,
    /// when time is up, and when the connection ends before the body does. Cancel safe.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = async { Ok(self.body.frame().await) };
            let Some(frame) = self.deadline.within(frame).await? else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| Error::exchange(&error))?;
            // Trailers are passed over.
            if let Ok(data) = frame.into_data() {
                self.bytes += data.len() as u64;
                if self.bytes > self.limit {
                    return Err(Error::Body(self.limit));
                }
                return Ok(Some(data));
            }
        }
    }
}

/// The moment at which a request has taken too long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<(Instant, Duration)>);

impl Deadline {
    pub(super) fn after(limit: Option<Duration>) -> Self {
        Self(limit.map(|limit| (Instant::now() + limit, limit)))
    }

    /// What `work` comes to, unless the moment comes first.
    pub(super) async fn within<T>(
        self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match self.0 {
            None => work.await,
            Some((moment, limit)) => timeout_at(moment, work)
                .await
                .map_err(|_| Error::Timeout(limit.as_millis()))?,
        }
    }
}
