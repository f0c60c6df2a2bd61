//! What a program prints, line by line: text to show, and progress to report.

use std::mem;

use glassworks_protocol::JsonText;

use crate::text::Decoder;

/// A longer line is shown in pieces.
const LONGEST_LINE: usize = 8 * 1024;
/// What a line begins with that reports progress: `::progress 0.4 resizing`.
const PROGRESS: &str = "::progress ";
/// What a line begins with that is the result: `::result {"bytes": 5}`.
const RESULT: &str = "::result ";
/// The longest line that can be a result, in bytes.
const LONGEST_RESULT: usize = 8 * 1024 * 1024;

/// Something a program said.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// Lines, or a part of one, with their line ends.
    Text(String),
    /// How far it is, and what it is doing.
    Progress(f64, String),
    /// What it is to give back.
    Result(JsonText),
}

/// Turns pieces of output into what was said.
#[derive(Debug)]
pub(super) struct Lines {
    /// What has not been shown of the line that has not ended yet.
    line: Vec<u8>,
    /// Whether a part of that line has been shown.
    is_begun: bool,
    /// Whether a line can be the result.
    takes_results: bool,
    decoder: Decoder,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            line: Vec::new(),
            is_begun: false,
            takes_results: false,
            decoder: Decoder::escaping(),
        }
    }
}

impl Lines {
    /// From now on a line can be the result.
    pub(super) fn take_results(&mut self) {
        self.takes_results = true;
    }

    /// What the next piece of output completes.
    pub(super) fn next(&mut self, piece: &[u8]) -> Vec<Said> {
        let mut said = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end_line(&mut said);
            } else if self.line.len() > LONGEST_LINE && !self.may_be_result() {
                self.show_begun(&mut said);
            }
        }
        said
    }

    /// Whether a line has begun that has not been shown as far as it goes.
    pub(super) fn has_begun(&self) -> bool {
        !self.line.is_empty()
    }

    /// That line as far as it goes, for when its end is not waited for any more. What may yet be a
    /// report of progress is still held back.
    pub(super) fn begun(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        if self.is_begun || !(may_be(&self.line, PROGRESS) || self.may_be_result()) {
            self.show_begun(&mut said);
        }
        said
    }

    /// What is left when there is no more output.
    pub(super) fn end(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        self.end_line(&mut said);
        say(&mut said, self.decoder.end());
        said
    }

    /// Whether the line that has begun may become the result.
    fn may_be_result(&self) -> bool {
        self.takes_results
            && !self.is_begun
            && self.line.len() <= LONGEST_RESULT
            && may_be(&self.line, RESULT)
    }

    fn show_begun(&mut self, said: &mut Vec<Said>) {
        self.is_begun = true;
        let text = self.decoder.next(&mem::take(&mut self.line));
        say(said, text);
    }

    fn end_line(&mut self, said: &mut Vec<Said>) {
        let is_begun = mem::take(&mut self.is_begun);
        let text = self.decoder.next(&mem::take(&mut self.line));
        let meant = if is_begun {
            None
        } else if self.takes_results {
            result(&text).or_else(|| progress(&text))
        } else {
            progress(&text)
        };
        match meant {
            Some(meant) => said.push(meant),
            None => say(said, text),
        }
    }
}

/// Adds text, to what was said last if that is text too.
fn say(said: &mut Vec<Said>, text: String) {
    match said.last_mut() {
        _ if text.is_empty() => {}
        Some(Said::Text(last)) => last.push_str(&text),
        _ => said.push(Said::Text(text)),
    }
}

/// Whether a line that has begun so may come to begin with `word`.
fn may_be(begun: &[u8], word: &str) -> bool {
    let compared = begun.len().min(word.len());
    begun[..compared] == word.as_bytes()[..compared]
}

/// Reads a line that is the result; any other line is text, one that looks like it too.
fn result(line: &str) -> Option<Said> {
    let text = line.strip_prefix(RESULT)?.trim();
    JsonText::parse(text.to_owned()).ok().map(Said::Result)
}

/// Reads a line that reports progress; any other line is text, one that looks like it too.
fn progress(line: &str) -> Option<Said> {
    let rest = line.strip_prefix(PROGRESS)?.trim();
    let (fraction, message) = rest.split_once(' ').unwrap_or((rest, ""));
    let fraction: f64 = fraction.parse().ok()?;
    (0.0..=1.0)
        .contains(&fraction)
        .then(|| Said::Progress(fraction, message.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, Lines, Said};

    fn all(pieces: &[&[u8]]) -> Vec<Said> {
        let mut lines = Lines::default();
        let mut said: Vec<_> = pieces.iter().flat_map(|piece| lines.next(piece)).collect();
        said.extend(lines.end());
        said
    }

    fn text(text: &str) -> Said {
        Said::Text(text.to_owned())
    }

    #[test]
    fn progress_is_taken_out_in_its_place() {
        let said = all(&[
            b"one\ntwo\n::pro",
            b"gress 0.4 resizing it\r\nthree\n::progress 1",
        ]);
        let resizing = Said::Progress(0.4, "resizing it".to_owned());
        let end = Said::Progress(1.0, String::new());
        assert_eq!(said, [text("one\ntwo\n"), resizing, text("three\n"), end]);
    }

    #[test]
    fn what_only_looks_like_progress_is_text() {
        for line in [
            "::progress",
            "::progress x",
            "::progress 2",
            "::progress NaN",
            " ::progress 1",
        ] {
            assert_eq!(all(&[line.as_bytes()]), [text(line)], "{line}");
        }
    }

    #[test]
    fn a_result_is_taken_where_one_is_wanted_however_long_it_is() {
        let long = format!("::result {{\"x\":\"{}\"}}\n", "x".repeat(2 * LONGEST_LINE));
        let mut lines = Lines::default();
        lines.take_results();
        let (first, rest) = long.split_at(LONGEST_LINE + 1);
        assert_eq!(lines.next(first.as_bytes()), []);
        assert_eq!(lines.begun(), []);
        let said = lines.next(rest.as_bytes());
        assert!(matches!(&said[..], [Said::Result(_)]), "{said:?}");
        assert_eq!(lines.next(b"::result {\n"), [text("::result {\n")]);
        assert_eq!(all(&[b"::result 1\n"]), [text("::result 1\n")]);
    }

    #[test]
    fn a_line_without_end_is_shown_in_pieces() {
        let mut lines = Lines::default();
        let piece = vec![b'x'; LONGEST_LINE];
        assert_eq!(lines.next(&piece), []);
        assert_eq!(lines.next(b"y").len(), 1);
        assert_eq!(lines.next(b"::progress 1\n"), [text("::progress 1\n")]);
        assert_eq!(lines.end(), []);
    }

    #[test]
    fn the_beginning_of_a_line_can_be_shown_before_its_end() {
        let mut lines = Lines::default();
        assert!(!lines.has_begun());
        assert_eq!(lines.next(b"one\nPassword: "), [text("one\n")]);
        assert!(lines.has_begun());
        assert_eq!(lines.begun(), [text("Password: ")]);
        assert!(!lines.has_begun());
        assert_eq!(lines.begun(), []);
        assert_eq!(lines.next(b"::progress 1\n"), [text("::progress 1\n")]);
    }

    #[test]
    fn what_may_become_progress_is_not_shown_before_its_end() {
        let mut lines = Lines::default();
        for piece in ["::", "pro", "gress", " 0.5 resi"] {
            assert_eq!(lines.next(piece.as_bytes()), []);
            assert_eq!(lines.begun(), []);
        }
        let resizing = Said::Progress(0.5, "resizing".to_owned());
        assert_eq!(lines.next(b"zing\n"), [resizing]);
        assert_eq!(lines.next(b"::pro"), []);
        assert_eq!(lines.next(b"blem"), []);
        assert_eq!(lines.begun(), [text("::problem")]);
    }

    #[test]
    fn a_redrawn_line_arrives_as_it_is() {
        let mut lines = Lines::default();
        assert_eq!(lines.next(b"10 %\r20 %\r"), []);
        assert_eq!(lines.begun(), [text("10 %\r20 %\r")]);
        assert_eq!(lines.next(b"done\r\n"), [text("done\r\n")]);
    }

    #[test]
    fn what_is_no_utf8_is_marked_byte_by_byte() {
        assert_eq!(
            all(&[b"a\xff\n\xc3", b"\xa9\n\xe2\x82"]),
            [text("a\\xff\n"), text("é\n"), text("\\xe2\\x82")]
        );
        let mut lines = Lines::default();
        assert_eq!(lines.next(b"caf\xc3"), []);
        assert_eq!(lines.begun(), [text("caf")]);
        assert_eq!(lines.next(b"\xa9\n"), [text("é\n")]);
    }
}
