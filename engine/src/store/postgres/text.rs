//! Texts that anybody writes, as PostgreSQL can keep them: it keeps no NUL.

use std::borrow::Cow;

/// With NUL as `\0`, and so a backslash as two.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', '\\']) {
        Cow::Owned(text.replace('\\', r"\\").replace('\0', r"\0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// What was escaped so.
pub(super) fn unescaped(text: String) -> String {
    if !text.contains('\\') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match (character, rest.as_str().chars().next()) {
            ('\\', Some('0')) => {
                rest.next();
                plain.push('\0');
            }
            ('\\', Some('\\')) => {
                rest.next();
                plain.push('\\');
            }
            (other, _) => plain.push(other),
        }
    }
    plain
}

/// Whether PostgreSQL could keep it as it is. What it cannot is the name of nothing.
pub(super) fn is_plain(text: &str) -> bool {
    !text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::{escaped, unescaped};

    #[test]
    fn every_text_reads_back_as_it_was() {
        for text in [
            "",
            "plain",
            "a\0b",
            r"\0",
            r"C:\new\\",
            "\\",
            "\0\\0",
            "ü\0",
        ] {
            let kept = escaped(text).into_owned();
            assert!(!kept.contains('\0'));
            assert_eq!(unescaped(kept), text);
        }
    }
}
