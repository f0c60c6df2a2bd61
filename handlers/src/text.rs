//! Bytes that come in pieces, as text.

/// Turns pieces of bytes into text. A character that is cut in two by the end of a piece waits for
/// its rest; what is no UTF-8 becomes U+FFFD.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The beginning of a character: at most three bytes.
    begun: Vec<u8>,
}

impl Decoder {
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
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &wrong[length..];
                }
            }
        }
    }

    /// What is left when no more pieces come.
    pub(crate) fn end(&mut self) -> &'static str {
        if std::mem::take(&mut self.begun).is_empty() {
            ""
        } else {
            "\u{fffd}"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Decoder;

    #[test]
    fn however_it_is_cut_the_text_is_that_of_the_whole() {
        let whole: &[u8] = b"a\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x80 \xff \xe2\x82 z\xf0\x9f";
        let expected = String::from_utf8_lossy(whole);
        for length in 1..=whole.len() {
            let mut decoder = Decoder::default();
            let mut text = String::new();
            for piece in whole.chunks(length) {
                text.push_str(&decoder.next(piece));
            }
            text.push_str(decoder.end());
            assert_eq!(text, expected, "in pieces of {length}");
        }
    }
}
