//! Panics that an experiment makes on purpose are no news for the server's log.

use std::panic;
use std::sync::Once;

/// Says of every panic on a thread of the lab no more than that there was one, from now on; every
/// other is handed to the hook before. Without it, the default hook would print each on the
/// server's standard error, where nobody could tell it from a fault.
pub(crate) fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            if thread.name().is_some_and(|name| name.starts_with("lab-")) {
                tracing::debug!("an experiment panicked, as it is meant to");
            } else {
                before(panic);
            }
        }));
    });
}
