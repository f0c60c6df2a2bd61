//! What a message quotes of a text that somebody else wrote: enough to know it by, and no more.

/// Characters that a message quotes of one text at most.
const MOST_QUOTED: usize = 64;

/// `text` between backticks; of a long one the beginning, and how long it is.
pub fn quoted(text: &str) -> String {
    match text.char_indices().nth(MOST_QUOTED) {
        None => format!("`{text}`"),
        Some((end, _)) => format!("`{}…` ({} characters)", &text[..end], text.chars().count()),
    }
}

/// `text`, or its first `most` characters and an ellipsis.
pub(crate) fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{cut, quoted};

    #[test]
    fn a_short_text_is_quoted_whole() {
        assert_eq!(quoted("sleep"), "`sleep`");
        assert_eq!(quoted(&"ü".repeat(64)), format!("`{}`", "ü".repeat(64)));
    }

    #[test]
    fn of_a_long_text_the_beginning_and_the_length_are_told() {
        let told = quoted(&"a".repeat(100_000));
        assert_eq!(told, format!("`{}…` (100000 characters)", "a".repeat(64)));
        assert_eq!(cut("äöü".to_owned(), 2), "äö…");
        assert_eq!(cut("äöü".to_owned(), 3), "äöü");
    }
}
