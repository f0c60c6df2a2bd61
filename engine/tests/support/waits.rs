//! Waiting with a limit: what does not happen fails its test, and says what did not happen.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{sleep, timeout};

/// How long anything may take that a test waits for.
const LIMIT: Duration = Duration::from_mins(1);
/// Between two looks at what can only be looked at.
const PAUSE: Duration = Duration::from_millis(10);

/// What `future` comes to; fails when that takes longer than the limit.
pub(crate) async fn within<T>(what: impl Display, future: impl Future<Output = T>) -> T {
    timeout(LIMIT, future)
        .await
        .unwrap_or_else(|_| panic!("waited {LIMIT:?} in vain for {what}"))
}

/// Looks again and again until there is something; fails when that takes longer than the limit.
pub(crate) async fn eventually<T>(
    what: impl Display,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(PAUSE).await;
        }
    };
    within(what, looking).await
}
