//! Takes in a request's body whole, within a limit and a deadline, before its route sees it.
//!
//! So no route ever waits for a client, and the limits are in one place for the API and the
//! browser's server functions.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::Bytes;
use glassworks_protocol::ProblemCode;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::error::ApiError;

/// The longest body, in bytes. The largest thing a client has to say is a payload of 256 KiB.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

/// The longest body of a batch, in bytes: 1,000 tasks of 8 KiB. Larger payloads take more batches,
/// so that what waits in memory stays bounded.
const MAX_BATCH: usize = 8 * MAX_BODY;

/// The routes whose bodies may be longer than [`MAX_BODY`].
const LONGER: [(&str, usize); 1] = [("/api/tasks/batch", MAX_BATCH)];

/// How long a body may take in all. 1 MiB in that time is 35 KB/s: a slow telephone.
const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// How much of a body that is too long is read and thrown away, in bytes, and for how long. A
/// connection that is closed on a client which is still writing loses the answer on its way.
const MAX_DISCARDED: usize = 16 * MAX_BODY;
const DISCARD_DEADLINE: Duration = Duration::from_secs(5);

/// The request with its body in memory.
pub(crate) async fn collect(request: Request) -> Result<Request, ApiError> {
    let (parts, body) = request.into_parts();
    let bytes = read(&parts.headers, body, limit(parts.uri.path())).await?;
    Ok(Request::from_parts(parts, bytes.into()))
}

/// The longest body that the route of `path` takes, in bytes.
fn limit(path: &str) -> usize {
    let path = path.strip_suffix('/').unwrap_or(path);
    LONGER
        .iter()
        .find(|(route, _)| *route == path)
        .map_or(MAX_BODY, |(_, limit)| *limit)
}

async fn read(headers: &HeaderMap, mut body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        // A client that waits for `100 Continue` has sent nothing yet.
        if !headers.contains_key(header::EXPECT) {
            discard(&mut body).await;
        }
        return Err(too_large(limit));
    }
    let collected = timeout(BODY_DEADLINE, Limited::new(&mut body, limit).collect()).await;
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            discard(&mut body).await;
            Err(too_large(limit))
        }
        Ok(Err(error)) => {
            let reason = error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string);
            Err(ApiError::new(
                ProblemCode::BadRequest,
                format!("The body could not be read: {reason}."),
            ))
        }
        Err(_) => Err(ApiError::new(
            ProblemCode::BodyTimeout,
            format!(
                "The body did not arrive within {} seconds.",
                BODY_DEADLINE.as_secs()
            ),
        )),
    }
}

/// Reads on without keeping anything, up to the limits above.
async fn discard(body: &mut Body) {
    let reading = async {
        let mut left = MAX_DISCARDED;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(length) else {
                return;
            };
            left = rest;
        }
    };
    // Whether it came to an end does not matter: the answer is the same.
    let _ = timeout(DISCARD_DEADLINE, reading).await;
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(
        ProblemCode::BodyTooLarge,
        format!("This route takes a body of at most {limit} bytes."),
    )
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Body;
    use futures::stream::{self, Stream, StreamExt as _};
    use http::HeaderMap;

    use super::{MAX_BODY, limit, read};

    async fn status(body: Body) -> u16 {
        match read(&HeaderMap::new(), body, MAX_BODY).await {
            Ok(_) => 200,
            Err(refused) => refused.into_problem().status,
        }
    }

    fn chunked(chunks: impl Stream<Item = usize> + Send + 'static) -> Body {
        Body::from_stream(chunks.map(|bytes| Ok::<_, Infallible>(vec![b'x'; bytes])))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_given_up() {
        let stalls = stream::iter([10]).chain(stream::pending());
        assert_eq!(status(chunked(stalls)).await, 408);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_bounded_whether_it_says_how_long_it_is_or_not() {
        assert_eq!(status(Body::from(vec![0; MAX_BODY])).await, 200);
        assert_eq!(status(Body::from(vec![0; MAX_BODY + 1])).await, 413);
        let too_long = stream::iter([MAX_BODY, 1]);
        assert_eq!(status(chunked(too_long)).await, 413);
        assert_eq!(status(chunked(stream::repeat(MAX_BODY))).await, 413);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_the_clients_affair() {
        let broken = stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("gone"))]);
        assert_eq!(status(Body::from_stream(broken)).await, 400);
    }

    #[test]
    fn a_batch_may_be_longer_than_other_bodies() {
        assert_eq!(limit("/api/tasks"), MAX_BODY);
        assert_eq!(limit("/api/tasks/batch"), 8 * MAX_BODY);
        assert_eq!(limit("/api/tasks/batch/"), 8 * MAX_BODY);
        assert_eq!(limit("/api/tasks/batch/x"), MAX_BODY);
    }
}
