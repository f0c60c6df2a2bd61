//! The last part of a task's output: what a terminal shows.
//!
//! A browser cannot hold an endless text, so both the server's first HTML and the live terminal
//! keep a window over the end of it. The whole output has a URL of its own.

use serde::{Deserialize, Serialize};

/// At most this many lines are shown.
pub(crate) const MAX_LINES: usize = 5_000;
/// At most this many bytes are shown.
pub(crate) const MAX_BYTES: usize = 512 * 1024;
/// Text is gathered into pieces of about this many bytes: few enough to be quick to add to, many
/// enough that dropping the oldest one drops little.
const PIECE_BYTES: usize = 4 * 1024;

/// Output printed during one attempt, next to other output of that attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// The attempt that printed it.
    pub(crate) attempt: u32,
    /// What it printed.
    pub(crate) text: String,
}

/// The end of a task's output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Output {
    /// Oldest first.
    pub(crate) pieces: Vec<Piece>,
    /// Whether there was more before it.
    pub(crate) cut: bool,
}

impl<'a> FromIterator<(u32, &'a str)> for Output {
    /// Gathers what was printed, each text with its attempt.
    fn from_iter<I: IntoIterator<Item = (u32, &'a str)>>(printed: I) -> Self {
        let mut output = Self::default();
        let mut window = Window::default();
        for (attempt, text) in printed {
            let shown = last_part(text);
            let step = window.push(attempt, shown);
            match output.pieces.last_mut() {
                Some(last) if step.extends => last.text.push_str(shown),
                _ => output.pieces.push(Piece {
                    attempt,
                    text: shown.to_owned(),
                }),
            }
            output.pieces.drain(..step.drop);
            output.cut |= step.drop > 0 || shown.len() < text.len();
        }
        output
    }
}

/// The end of a text that is by itself larger than the window.
pub(crate) fn last_part(text: &str) -> &str {
    let start = text.len().saturating_sub(MAX_BYTES);
    &text[text.ceil_char_boundary(start)..]
}

/// Sizes of the pieces in view, and which of them must go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    sizes: Vec<Size>,
    bytes: usize,
    lines: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    attempt: u32,
    bytes: usize,
    lines: usize,
}

impl Size {
    fn of(attempt: u32, text: &str) -> Self {
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        Self {
            attempt,
            bytes: text.len(),
            lines,
        }
    }
}

/// How to make room for a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// It belongs at the end of the last piece, not in a new one.
    pub(crate) extends: bool,
    /// So many pieces at the front are out of view now.
    pub(crate) drop: usize,
}

impl Window {
    /// Adds a piece that is in view already.
    pub(crate) fn push_piece(&mut self, attempt: u32, text: &str) {
        let size = Size::of(attempt, text);
        self.bytes += size.bytes;
        self.lines += size.lines;
        self.sizes.push(size);
    }

    /// Adds a text of at most [`MAX_BYTES`].
    pub(crate) fn push(&mut self, attempt: u32, text: &str) -> Step {
        let extends = match self.sizes.last_mut() {
            Some(last) if last.attempt == attempt && last.bytes + text.len() <= PIECE_BYTES => {
                let size = Size::of(attempt, text);
                last.bytes += size.bytes;
                last.lines += size.lines;
                self.bytes += size.bytes;
                self.lines += size.lines;
                true
            }
            _ => {
                self.push_piece(attempt, text);
                false
            }
        };
        let mut drop = 0;
        while (self.bytes > MAX_BYTES || self.lines > MAX_LINES) && drop + 1 < self.sizes.len() {
            self.bytes -= self.sizes[drop].bytes;
            self.lines -= self.sizes[drop].lines;
            drop += 1;
        }
        self.sizes.drain(..drop);
        Step { extends, drop }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, MAX_LINES, Output};

    fn text(output: &Output) -> String {
        output
            .pieces
            .iter()
            .map(|piece| piece.text.as_str())
            .collect()
    }

    #[test]
    fn what_is_printed_is_kept_byte_for_byte() {
        let output: Output = [(1, "half a li"), (1, "ne\nnext\n"), (2, "again\n")]
            .into_iter()
            .collect();
        assert_eq!(text(&output), "half a line\nnext\nagain\n");
        let attempts: Vec<_> = output.pieces.iter().map(|piece| piece.attempt).collect();
        assert_eq!(attempts, [1, 2]);
        assert!(!output.cut);
    }

    #[test]
    fn only_the_last_lines_stay() {
        let printed: Vec<_> = (0..3 * MAX_LINES).map(|line| format!("{line}\n")).collect();
        let output: Output = printed.iter().map(|line| (1, line.as_str())).collect();
        let text = text(&output);
        assert!(output.cut);
        assert!(text.ends_with(&format!("{}\n", 3 * MAX_LINES - 1)));
        let lines = text.lines().count();
        assert!((MAX_LINES - 1_500..=MAX_LINES).contains(&lines), "{lines}");
    }

    #[test]
    fn one_huge_text_is_cut_at_a_character() {
        let huge = "ü".repeat(MAX_BYTES);
        let output: Output = [(1, "before"), (1, huge.as_str())].into_iter().collect();
        assert!(output.cut);
        assert!(text(&output).len() <= MAX_BYTES);
        assert!(text(&output).chars().all(|letter| letter == 'ü'));
    }
}
