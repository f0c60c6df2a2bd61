//! The work that both servers start after they have answered.

use std::time::Duration;

/// Sends a mail of welcome. For every second reader the address is not good, and it panics.
pub(crate) async fn welcome(reader: u32, takes: Duration) {
    tokio::time::sleep(takes).await;
    assert!(reader.is_multiple_of(2), "reader {reader} has no address");
}
