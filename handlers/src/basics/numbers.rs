//! Numbers, each made when the one before has been taken: a slow reader costs no memory, and when
//! the reader goes, nothing is made any more.

use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use glassworks_protocol::{FieldError, StreamedNumber, Timestamp};
use tokio::time::sleep;

const DEFAULT_COUNT: u32 = 10;
const MOST: u32 = 10_000;
const DEFAULT_INTERVAL_MS: u64 = 500;
const LONGEST_INTERVAL_MS: u64 = 60_000;

/// How many numbers, and how far apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbers {
    /// 1 to 10,000; 10 when not given.
    pub count: Option<u32>,
    /// 0 to 60,000 milliseconds; 500 when not given.
    pub interval_ms: Option<u64>,
}

/// The first number at once, each further one an interval after the one before was taken. What is
/// out of range is named, each fault by its parameter.
pub fn numbers(
    wanted: Numbers,
) -> Result<impl Stream<Item = StreamedNumber> + Send + 'static, Vec<FieldError>> {
    let count = wanted.count.unwrap_or(DEFAULT_COUNT);
    let interval_ms = wanted.interval_ms.unwrap_or(DEFAULT_INTERVAL_MS);
    let mut faults = Vec::new();
    if !(1..=MOST).contains(&count) {
        faults.push(FieldError::new("count", format!("must be 1 to {MOST}")));
    }
    if interval_ms > LONGEST_INTERVAL_MS {
        let detail = format!("must be 0 to {LONGEST_INTERVAL_MS}");
        faults.push(FieldError::new("interval_ms", detail));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let interval = Duration::from_millis(interval_ms);
    Ok(stream::iter(1..=count).then(move |number| async move {
        if number > 1 {
            sleep(interval).await;
        }
        StreamedNumber {
            place: number,
            value: number,
            time: Timestamp::now(),
        }
    }))
}
