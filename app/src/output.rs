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

/// What a text in the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Source {
    /// Printed to the standard output.
    Stdout,
    /// Printed to the standard error.
    Stderr,
    /// A line that stands for output that is not kept.
    Gap,
}

impl Source {
    /// How it is marked in the document, where it is the first of its attempt or not.
    pub(crate) fn class(self, starts_attempt: bool) -> String {
        let source = match self {
            Self::Stdout => "",
            Self::Stderr => "stderr",
            Self::Gap => "gap",
        };
        let start = if starts_attempt { "attempt-start" } else { "" };
        let between = if source.is_empty() || start.is_empty() {
            ""
        } else {
            " "
        };
        [start, between, source].concat()
    }
}

/// Output printed during one attempt, next to other output of that attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// The attempt that printed it.
    pub(crate) attempt: u32,
    /// What it is.
    pub(crate) source: Source,
    /// What was printed.
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

/// The end of what is printed, as it is read: never more than is shown.
#[cfg(any(feature = "ssr", test))]
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    output: Output,
    window: Window,
}

#[cfg(any(feature = "ssr", test))]
impl Gathering {
    /// Takes in what was printed next.
    pub(crate) fn push(&mut self, mut piece: Piece) {
        let Self { output, window } = self;
        output.cut |= piece.keep_last_part();
        let step = window.push(&piece);
        match output.pieces.last_mut() {
            Some(last) if step.extends => last.text.push_str(&piece.text),
            _ => output.pieces.push(piece),
        }
        output.pieces.drain(..step.drop);
        output.cut |= step.drop > 0;
    }

    pub(crate) fn output(self) -> Output {
        self.output
    }
}

impl Piece {
    /// Keeps the end of a text that is by itself larger than the window. Whether it was.
    pub(crate) fn keep_last_part(&mut self) -> bool {
        let start = self.text.len().saturating_sub(MAX_BYTES);
        self.text.drain(..self.text.ceil_char_boundary(start));
        start > 0
    }
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
    source: Source,
    bytes: usize,
    lines: usize,
}

impl Size {
    fn of(piece: &Piece) -> Self {
        let lines = piece.text.bytes().filter(|byte| *byte == b'\n').count();
        Self {
            attempt: piece.attempt,
            source: piece.source,
            bytes: piece.text.len(),
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
    pub(crate) fn push_piece(&mut self, piece: &Piece) {
        let size = Size::of(piece);
        self.bytes += size.bytes;
        self.lines += size.lines;
        self.sizes.push(size);
    }

    /// Adds a text of at most [`MAX_BYTES`].
    pub(crate) fn push(&mut self, piece: &Piece) -> Step {
        let size = Size::of(piece);
        let extends = match self.sizes.last_mut() {
            Some(last)
                if (last.attempt, last.source) == (size.attempt, size.source)
                    && last.bytes + size.bytes <= PIECE_BYTES =>
            {
                last.bytes += size.bytes;
                last.lines += size.lines;
                self.bytes += size.bytes;
                self.lines += size.lines;
                true
            }
            _ => {
                self.push_piece(piece);
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
    use super::Source::{Gap, Stderr, Stdout};
    use super::{Gathering, MAX_BYTES, MAX_LINES, Output, Piece, Source};

    fn text(output: &Output) -> String {
        output
            .pieces
            .iter()
            .map(|piece| piece.text.as_str())
            .collect()
    }

    fn piece(attempt: u32, source: Source, text: &str) -> Piece {
        Piece {
            attempt,
            source,
            text: text.to_owned(),
        }
    }

    fn printed(attempt: u32, text: &str) -> Piece {
        piece(attempt, Stdout, text)
    }

    fn gathered(pieces: impl IntoIterator<Item = Piece>) -> Output {
        let mut gathering = Gathering::default();
        for piece in pieces {
            gathering.push(piece);
        }
        gathering.output()
    }

    #[test]
    fn what_is_printed_is_kept_byte_for_byte() {
        let output = gathered([
            printed(1, "half a li"),
            printed(1, "ne\nnext\n"),
            printed(2, "again\n"),
        ]);
        assert_eq!(text(&output), "half a line\nnext\nagain\n");
        let attempts: Vec<_> = output.pieces.iter().map(|piece| piece.attempt).collect();
        assert_eq!(attempts, [1, 2]);
        assert!(!output.cut);
    }

    #[test]
    fn errors_and_gaps_stand_apart_in_their_order() {
        let pieces = [
            piece(1, Stdout, "a"),
            piece(1, Stderr, "b"),
            piece(1, Gap, "\n[...]\n"),
            piece(1, Stdout, "c"),
        ];
        let output = gathered(pieces.iter().cloned());
        assert_eq!(output.pieces, pieces);
        let classes = [
            (Stdout, false),
            (Stdout, true),
            (Stderr, false),
            (Gap, true),
        ]
        .map(|(source, starts)| source.class(starts));
        assert_eq!(
            classes,
            ["", "attempt-start", "stderr", "attempt-start gap"]
        );
    }

    #[test]
    fn only_the_last_lines_stay() {
        let output = gathered((0..3 * MAX_LINES).map(|line| printed(1, &format!("{line}\n"))));
        let text = text(&output);
        assert!(output.cut);
        assert!(text.ends_with(&format!("{}\n", 3 * MAX_LINES - 1)));
        let lines = text.lines().count();
        assert!((MAX_LINES - 1_500..=MAX_LINES).contains(&lines), "{lines}");
    }

    #[test]
    fn one_huge_text_is_cut_at_a_character() {
        let huge = "ü".repeat(MAX_BYTES);
        let output = gathered([printed(1, "before"), printed(1, &huge)]);
        assert!(output.cut);
        assert!(text(&output).len() <= MAX_BYTES);
        assert!(text(&output).chars().all(|letter| letter == 'ü'));
    }
}
