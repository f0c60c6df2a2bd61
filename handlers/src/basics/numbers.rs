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
const DEFAULT_WORD: &str = "Number";
const LONGEST_WORD: usize = 40;

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

/// The same as lines for people: `Number 3: 3`, or with another `word` of 1 to 40 characters, none
/// of which is a control character.
pub fn lines(
    wanted: Numbers,
    word: Option<String>,
) -> Result<impl Stream<Item = String> + Send + 'static, Vec<FieldError>> {
    let word = word.unwrap_or_else(|| DEFAULT_WORD.to_owned());
    let fits = (1..=LONGEST_WORD).contains(&word.chars().count());
    let word = if fits && !word.contains(char::is_control) {
        Ok(word)
    } else {
        let detail = format!("must be 1 to {LONGEST_WORD} characters, none of them a control");
        Err(FieldError::new("word", detail))
    };
    match (numbers(wanted), word) {
        (Ok(numbers), Ok(word)) => {
            Ok(numbers.map(move |one| format!("{word} {}: {}\n", one.place, one.value)))
        }
        (numbers, word) => {
            let mut faults = numbers.err().unwrap_or_default();
            faults.extend(word.err());
            Err(faults)
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;

    use super::{Numbers, lines};

    const TWO: Numbers = Numbers {
        count: Some(2),
        interval_ms: Some(0),
    };

    async fn text(word: Option<&str>) -> String {
        let lines = lines(TWO, word.map(str::to_owned)).unwrap();
        lines.collect::<Vec<_>>().await.concat()
    }

    #[tokio::test]
    async fn a_line_is_a_word_a_place_and_a_number() {
        assert_eq!(text(None).await, "Number 1: 1\nNumber 2: 2\n");
        assert_eq!(text(Some("数字 🔢")).await, "数字 🔢 1: 1\n数字 🔢 2: 2\n");
    }

    #[test]
    fn every_fault_is_named() {
        let long = "x".repeat(41);
        for word in ["", "a\nb", &long] {
            let wanted = Numbers {
                count: Some(0),
                ..TWO
            };
            let faults = lines(wanted, Some(word.to_owned())).err().unwrap();
            let names: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
            assert_eq!(names, ["count", "word"], "{word:?}");
        }
    }
}
