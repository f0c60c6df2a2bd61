//! A connection's subscriptions: streams by number, read in turn.

use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::{AbortHandle, Abortable, BoxStream, SelectAll, abortable};
use futures::{Stream, StreamExt as _};
use glassworks_protocol::ServerMessage;

/// How many subscriptions a connection may have. A page needs three.
pub(super) const MAX_SUBSCRIPTIONS: usize = 64;

/// The stream of one subscription's messages. Its last is an `End` or a `Problem`.
pub(super) type Subscription = BoxStream<'static, ServerMessage>;

/// All subscriptions of one connection, as one stream that ends when there are none.
#[derive(Default)]
pub(super) struct Subscriptions {
    streams: SelectAll<Abortable<Subscription>>,
    open: HashMap<u32, AbortHandle>,
}

impl Subscriptions {
    /// Begins `stream` as number `sub`, in place of the one that had the number. False when there
    /// are too many.
    pub(super) fn insert(&mut self, sub: u32, stream: Subscription) -> bool {
        self.remove(sub);
        if self.open.len() >= MAX_SUBSCRIPTIONS {
            return false;
        }
        let (stream, handle) = abortable(stream);
        self.open.insert(sub, handle);
        self.streams.push(stream);
        true
    }

    /// Ends number `sub`, if there is one.
    pub(super) fn remove(&mut self, sub: u32) {
        if let Some(handle) = self.open.remove(&sub) {
            handle.abort();
        }
    }
}

impl Stream for Subscriptions {
    type Item = ServerMessage;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ServerMessage>> {
        let message = ready!(self.streams.poll_next_unpin(cx));
        if let Some(ServerMessage::End { sub } | ServerMessage::Problem { sub: Some(sub), .. }) =
            message
        {
            self.remove(sub);
        }
        Poll::Ready(message)
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt as _, stream};
    use glassworks_protocol::ServerMessage;

    use super::{MAX_SUBSCRIPTIONS, Subscription, Subscriptions};

    fn endless(sub: u32) -> Subscription {
        stream::repeat(ServerMessage::Tasks {
            sub,
            upsert: Vec::new(),
            removed: Vec::new(),
            reload: true,
        })
        .boxed()
    }

    #[tokio::test]
    async fn a_number_in_use_is_replaced() {
        let mut all = Subscriptions::default();
        assert!(all.insert(1, endless(1)));
        let end = ServerMessage::End { sub: 1 };
        assert!(all.insert(1, stream::iter([end.clone()]).boxed()));
        assert_eq!(all.next().await, Some(end));
        assert_eq!(all.next().await, None);
    }

    #[tokio::test]
    async fn one_that_is_over_makes_room() {
        let mut all = Subscriptions::default();
        for sub in 1..MAX_SUBSCRIPTIONS {
            assert!(all.insert(sub.try_into().unwrap(), stream::pending().boxed()));
        }
        let end = ServerMessage::End { sub: 1000 };
        assert!(all.insert(1000, stream::iter([end.clone()]).boxed()));
        assert!(!all.insert(2000, endless(2000)));
        assert_eq!(all.next().await, Some(end));
        assert!(all.insert(2000, endless(2000)));
    }

    #[tokio::test]
    async fn one_that_was_ended_is_silent() {
        let mut all = Subscriptions::default();
        all.insert(1, endless(1));
        all.insert(2, endless(2));
        all.remove(1);
        for _ in 0..10 {
            let message = all.next().await.unwrap();
            assert!(matches!(message, ServerMessage::Tasks { sub: 2, .. }));
        }
    }
}
