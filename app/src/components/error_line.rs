//! A failure in one line.

use leptos::prelude::*;

/// How many characters of an error's end are shown whatever the room.
const ENDS_WITH: usize = 32;

/// The useful end of an error: the last line that says something, as a traceback ends, and of that
/// line the end, where it has no room for all of it. A short message stands whole.
pub(crate) fn error_line(message: &str) -> AnyView {
    let (beginning, end) = parts(message);
    view! {
        <span class="error-line">
            <span class="error-beginning">{beginning}</span>
            <span class="error-end">{end}</span>
        </span>
    }
    .into_any()
}

/// What may be cut off in the middle, and what stays.
fn parts(message: &str) -> (String, String) {
    let line = last_line(message);
    let cut = line.char_indices().rev().nth(ENDS_WITH - 1);
    // Between words, where there is room to choose: a blank at the edge of a box is not shown.
    let cut = cut.map_or(0, |(place, _)| {
        line[place..]
            .find(' ')
            .map_or(place, |blank| place + blank + 1)
    });
    (line[..cut].to_owned(), line[cut..].to_owned())
}

/// The last line that has a letter or a digit.
fn last_line(message: &str) -> &str {
    let says_something = |line: &&str| line.chars().any(char::is_alphanumeric);
    let line = message.lines().map(str::trim).rfind(says_something);
    line.unwrap_or_else(|| message.trim())
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_traceback_is_told_by_its_last_line() {
        let traceback = "exited with status 1:\nTraceback (most recent call last):\n  File \"a.py\", line 1\nValueError: no such order\n\n";
        assert_eq!(
            parts(traceback),
            (String::new(), "ValueError: no such order".to_owned())
        );
    }

    #[test]
    fn the_end_of_a_long_line_stays() {
        let (beginning, end) =
            parts("connecting to https://example.com/orders failed: connection refused (111)");
        assert_eq!(
            beginning,
            "connecting to https://example.com/orders failed: "
        );
        assert_eq!(end, "connection refused (111)");
        let (beginning, end) = parts(&"ü".repeat(100));
        assert_eq!((beginning.chars().count(), end.chars().count()), (68, 32));
        assert_eq!(parts("…"), (String::new(), "…".to_owned()));
        assert_eq!(parts(""), (String::new(), String::new()));
    }
}
