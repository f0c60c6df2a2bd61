//! Text from bytes that come in pieces. A piece ends where the network ends it, perhaps in the middle
//! of a character: what has begun is kept until the rest of it is there.

/// Makes text of pieces of UTF-8. Holds three bytes at most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Utf8 {
    begun: Vec<u8>,
}

impl Utf8 {
    /// The text that `piece` completes. What is no UTF-8 becomes U+FFFD.
    pub(crate) fn push(&mut self, piece: &[u8]) -> String {
        self.begun.extend_from_slice(piece);
        let whole = self.begun.len() - incomplete(&self.begun);
        let text = String::from_utf8_lossy(&self.begun[..whole]).into_owned();
        self.begun.drain(..whole);
        text
    }

    /// What is left when nothing more comes: U+FFFD for a character that was cut off.
    pub(crate) fn end(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.begun)).into_owned()
    }
}

/// How many bytes at the end are the beginning of a character.
fn incomplete(bytes: &[u8]) -> usize {
    let Some(chunk) = bytes.utf8_chunks().last() else {
        return 0;
    };
    let rest = chunk.invalid();
    // What a further byte could complete: it is at the end, and its first byte promises more.
    let promised = match rest.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 0,
    };
    if rest.len() < promised && bytes.ends_with(rest) {
        rest.len()
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::Utf8;

    const TEXT: &str = "a ü 数字 🔢 e\u{301} z";

    #[test]
    fn a_character_that_is_cut_anywhere_stays_whole() {
        let bytes = TEXT.as_bytes();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let mut utf8 = Utf8::default();
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                let text: String = pieces.map(|piece| utf8.push(piece)).concat();
                assert_eq!(text + &utf8.end(), TEXT, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn byte_by_byte_nothing_is_lost() {
        let mut utf8 = Utf8::default();
        let mut text = String::new();
        for byte in TEXT.bytes() {
            text.push_str(&utf8.push(&[byte]));
        }
        assert_eq!(text + &utf8.end(), TEXT);
    }

    #[test]
    fn what_is_no_text_is_marked_and_what_follows_is_read() {
        let mut utf8 = Utf8::default();
        assert_eq!(utf8.push(b"a\xff"), "a\u{fffd}");
        assert_eq!(utf8.push(b"\xe2\x28"), "\u{fffd}(");
        // The first half of a character, and no more.
        assert_eq!(utf8.push("ü".as_bytes()[..1].as_ref()), "");
        assert_eq!(utf8.end(), "\u{fffd}");
        assert_eq!(utf8.push(b"b"), "b");
    }
}
