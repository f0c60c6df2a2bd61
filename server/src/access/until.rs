//! A stream that ends when its caller may see it no longer.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use glassworks_engine::Caller;
use hyper::body::{Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// A body that breaks off when its caller's key is revoked or has expired.
    struct Until {
        #[pin]
        body: Body,
        ended: Pin<Box<dyn Future<Output = ()> + Send>>,
        over: bool,
    }
}

/// Why a stream has broken off.
#[derive(Debug, thiserror::Error)]
#[error("the caller may see this no longer")]
struct NoLonger;

/// The response, broken off when `caller` may see it no longer. One that is there as a whole already
/// is as it was.
pub(super) fn until_ended(response: Response, caller: &Caller) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| {
        Body::new(Until {
            body,
            ended: Box::pin(caller.ended()),
            over: false,
        })
    })
}

impl HttpBody for Until {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        if this.ended.as_mut().poll(cx).is_ready() {
            *this.over = true;
            // Cut off, so that nobody takes it for complete.
            return Poll::Ready(Some(Err(axum::Error::new(NoLonger))));
        }
        this.body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
