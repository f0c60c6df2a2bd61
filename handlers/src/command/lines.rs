//! What a program prints, line by line: text to show, and progress to report.

use std::mem;

use crate::text::Decoder;

/// A longer line is shown in pieces.
const LONGEST_LINE: usize = 8 * 1024;
/// What a line begins with that reports progress: `::progress 0.4 resizing`.
const PROGRESS: &str = "::progress ";

/// Something a program said.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// Lines, or a part of one, with their line ends.
    Text(String),
    /// How far it is, and what it is doing.
    Progress(f64, String),
}

/// Turns pieces of output into what was said.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// Whether a part of that line has been shown.
    is_begun: bool,
    decoder: Decoder,
}

impl Lines {
    /// What the next piece of output completes.
    pub(super) fn next(&mut self, piece: &[u8]) -> Vec<Said> {
        let mut said = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end_line(&mut said);
            } else if self.line.len() > LONGEST_LINE {
                self.is_begun = true;
                let text = self.decoder.next(&mem::take(&mut self.line));
                say(&mut said, text);
            }
        }
        said
    }

    /// What is left when there is no more output.
    pub(super) fn end(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        self.end_line(&mut said);
        say(&mut said, self.decoder.end().to_owned());
        said
    }

    fn end_line(&mut self, said: &mut Vec<Said>) {
        let is_begun = mem::take(&mut self.is_begun);
        let text = self.decoder.next(&mem::take(&mut self.line));
        match progress(&text).filter(|_| !is_begun) {
            Some(progress) => said.push(progress),
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
    fn a_line_without_end_is_shown_in_pieces() {
        let mut lines = Lines::default();
        let piece = vec![b'x'; LONGEST_LINE];
        assert_eq!(lines.next(&piece), []);
        assert_eq!(lines.next(b"y").len(), 1);
        assert_eq!(lines.next(b"::progress 1\n"), [text("::progress 1\n")]);
        assert_eq!(lines.end(), []);
    }

    #[test]
    fn what_is_no_utf8_is_replaced() {
        assert_eq!(
            all(&[b"a\xff\n\xc3", b"\xa9\n\xe2"]),
            [text("a\u{fffd}\n"), text("é\n"), text("\u{fffd}")]
        );
    }
}
