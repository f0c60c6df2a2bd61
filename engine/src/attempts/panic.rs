//! Catching a handler's panic with its message and place.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};

use futures::future::BoxFuture;

thread_local! {
    /// Whether this thread is polling a handler just now.
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    /// Where the latest panic on this thread happened.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes where handlers panic. Panics elsewhere go to the hook that was there before.
///
/// The place of a panic is told to the process-wide hook alone, hence this one; it is installed
/// once, however many engines there are.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if WATCHING.get() {
                let place = info.location().map(ToString::to_string);
                PLACE.with_borrow_mut(|slot| *slot = place);
            } else {
                previous(info);
            }
        }));
    });
}

/// A future whose panics become errors: the message, and the place where it is known.
pub(crate) struct CatchPanic<T>(pub(crate) BoxFuture<'static, T>);

impl<T> Future for CatchPanic<T> {
    type Output = Result<T, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = &mut self.0;
        let before = WATCHING.replace(true);
        // The future is dropped after a panic, so nobody sees a half-changed state.
        let polled = panic::catch_unwind(AssertUnwindSafe(|| inner.as_mut().poll(context)));
        WATCHING.set(before);
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(cause) => Poll::Ready(Err(describe(cause.as_ref()))),
        }
    }
}

fn describe(cause: &(dyn Any + Send)) -> String {
    let message = cause
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| cause.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    match PLACE.take() {
        Some(place) => format!("panicked at {place}: {message}"),
        None => format!("panicked: {message}"),
    }
}
