//! Bytes that come in pieces, as text.

use std::fmt::Write as _;

/// Turns pieces of bytes into text. A character that is cut in two by the end of a piece waits for
/// its rest.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The beginning of a character: at most three bytes.
    begun: Vec<u8>,
    /// What becomes of bytes that are no UTF-8.
    wrong: Wrong,
}

#[derive(Clone, Copy, Debug)]
enum Wrong {
    Replaced,
    Escaped,
}

impl Decoder {
    /// One that puts U+FFFD in the place of what is no UTF-8, as everybody reads a text of whose
    /// encoding they were told.
    pub(crate) fn replacing() -> Self {
        Self::with(Wrong::Replaced)
    }

    /// One that writes each byte that is no UTF-8 as `\x` and its two digits, so that it can be told.
    pub(crate) fn escaping() -> Self {
        Self::with(Wrong::Escaped)
    }

    fn with(wrong: Wrong) -> Self {
        Self {
            begun: Vec::new(),
            wrong,
        }
    }

    /// The text of the next piece.
    pub(crate) fn next(&mut self, piece: &[u8]) -> String {
        let mut bytes = std::mem::take(&mut self.begun);
        bytes.extend_from_slice(piece);
        let mut text = String::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        loop {
            match str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    return text;
                }
                Err(error) => {
                    let (valid, wrong) = rest.split_at(error.valid_up_to());
                    // Checked above; a lossy reading of what is valid loses nothing.
                    text.push_str(&String::from_utf8_lossy(valid));
                    let Some(length) = error.error_len() else {
                        self.begun = wrong.to_vec();
                        return text;
                    };
                    let (wrong, after) = wrong.split_at(length);
                    self.wrong.write(wrong, &mut text);
                    rest = after;
                }
            }
        }
    }

    /// What is left when no more pieces come.
    pub(crate) fn end(&mut self) -> String {
        let mut text = String::new();
        let begun = std::mem::take(&mut self.begun);
        if !begun.is_empty() {
            self.wrong.write(&begun, &mut text);
        }
        text
    }
}

impl Wrong {
    /// Adds what stands for the bytes of one wrong sequence.
    fn write(self, bytes: &[u8], text: &mut String) {
        match self {
            Self::Replaced => text.push(char::REPLACEMENT_CHARACTER),
            Self::Escaped => {
                for byte in bytes {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "\\x{byte:02x}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Decoder;

    fn in_pieces(whole: &[u8], length: usize, mut decoder: Decoder) -> String {
        let mut text = String::new();
        for piece in whole.chunks(length) {
            text.push_str(&decoder.next(piece));
        }
        text.push_str(&decoder.end());
        text
    }

    #[test]
    fn however_it_is_cut_the_text_is_that_of_the_whole() {
        let whole: &[u8] = b"a\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x80 \xff \xe2\x82 z\xf0\x9f";
        let expected = String::from_utf8_lossy(whole);
        for length in 1..=whole.len() {
            let text = in_pieces(whole, length, Decoder::replacing());
            assert_eq!(text, expected, "in pieces of {length}");
            let text = in_pieces(whole, length, Decoder::escaping());
            assert_eq!(
                text, r"aé€🦀 \xff \xe2\x82 z\xf0\x9f",
                "in pieces of {length}"
            );
        }
    }
}
