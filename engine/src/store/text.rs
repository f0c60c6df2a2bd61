//! Whether a task has a text that somebody looks for. Pure, and the same for every store.
//!
//! Texts are compared here and not by SQL's LIKE: whatever is typed stands for itself, a NUL or a
//! wildcard too, and letter case goes by Unicode.

use std::borrow::Cow;

use uuid::Uuid;

/// The fewest characters of an id that are taken for its beginning: those of an id change each
/// minute.
const LEAST_OF_AN_ID: usize = 8;

/// What somebody looks for.
#[derive(Clone, Debug)]
pub(crate) struct Sought {
    /// As it was typed, without blanks around it.
    pub(crate) typed: String,
    folded: String,
    /// As a part of an id, which is hexadecimal digits here, without hyphens.
    digits: Option<String>,
}

impl Sought {
    /// `None` when nothing is looked for.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let typed = text.trim();
        if typed.is_empty() {
            return None;
        }
        let digits = typed.replace('-', "").to_ascii_lowercase();
        let hexadecimal =
            !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        Some(Self {
            typed: typed.to_owned(),
            folded: folded(typed).into_owned(),
            digits: hexadecimal.then_some(digits),
        })
    }

    /// The least and the greatest id that begins with it, when it can be the beginning of one.
    pub(crate) fn ids(&self) -> Option<(Uuid, Uuid)> {
        let digits = self.digits.as_deref()?;
        if !(LEAST_OF_AN_ID..=32).contains(&digits.len()) {
            return None;
        }
        let least = Uuid::parse_str(&format!("{digits:0<32}")).ok()?;
        let greatest = Uuid::parse_str(&format!("{digits:f<32}")).ok()?;
        Some((least, greatest))
    }

    /// Whether it is named outright: it is the beginning of the id, the kind or a tag.
    pub(crate) fn names(&self, id: Uuid, kind: &str, tags: &[String]) -> bool {
        let begins = self
            .ids()
            .is_some_and(|(least, greatest)| (least..=greatest).contains(&id));
        begins || kind == self.typed || tags.contains(&self.typed)
    }

    /// Whether it is a part of `text`.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        folded(text).contains(&self.folded)
    }

    /// Whether it is a part of the id.
    pub(crate) fn is_in_id(&self, id: Uuid) -> bool {
        let digits = self.digits.as_deref();
        digits.is_some_and(|digits| id.simple().to_string().contains(digits))
    }

    /// Whether it is a part of JSON text, as that stands or as a person reads it, without the
    /// escapes of strings.
    pub(crate) fn is_in_json(&self, json: &str) -> bool {
        self.is_in(json) || (json.contains('\\') && self.is_in(&unescaped(json)))
    }
}

/// For comparing: each character in lower case, by Unicode, whatever stands around it.
fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        }
    } else {
        Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
    }
}

/// JSON text with the escapes of its strings resolved (RFC 8259, section 7). Outside of strings
/// there is no backslash.
fn unescaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut units = Vec::new();
    let mut rest = json.chars();
    while let Some(character) = rest.next() {
        let escape = (character == '\\').then(|| rest.next()).flatten();
        if escape == Some('u') {
            let digits: String = rest.by_ref().take(4).collect();
            units.push(u16::from_str_radix(&digits, 16).unwrap_or(0xfffd));
            continue;
        }
        // Two escapes may stand for one character, so they are put together first.
        text.extend(char::decode_utf16(units.drain(..)).map(|one| one.unwrap_or('\u{fffd}')));
        text.push(match escape {
            None => character,
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some(itself) => itself,
        });
    }
    text.extend(char::decode_utf16(units).map(|one| one.unwrap_or('\u{fffd}')));
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::Sought;

    #[test]
    fn text_is_found_as_it_is_read_and_as_it_is_sent() {
        for shown in [
            r"C:\temp\new",
            r#"say "hi""#,
            "two\nlines",
            "tab\there",
            "\u{0}x",
            "\u{1f600} and \u{7}",
            "50% _x_",
        ] {
            let payload = json!({ "text": format!("before {shown} after") }).to_string();
            let sought = Sought::new(shown).unwrap();
            assert!(sought.is_in_json(&payload), "{shown:?} in {payload}");
            let other = json!({ "text": "something else" }).to_string();
            assert!(!sought.is_in_json(&other), "{shown:?} in {other}");
            let sent = json!(shown).to_string();
            let sent = sent.trim_matches('"');
            assert!(Sought::new(sent).unwrap().is_in_json(&payload), "{sent:?}");
        }
        assert!(Sought::new("😀").unwrap().is_in_json(r#""\ud83d\ude00""#));
        assert!(!Sought::new("x").unwrap().is_in_json(r#""\ud83d""#));
    }

    #[test]
    fn letter_case_goes_by_unicode() {
        for (sought, text) in [
            ("über", "ÜBER"),
            ("ÜBER", "über"),
            ("ΣΟΦΟΣ", "σοφοσ"),
            ("жук", "Жук"),
        ] {
            assert!(
                Sought::new(sought).unwrap().is_in(text),
                "{sought} in {text}"
            );
        }
        assert!(!Sought::new("uber").unwrap().is_in("ÜBER"));
    }

    #[test]
    fn only_the_beginning_of_an_id_names_it() {
        let id: Uuid = "01932d8a-1111-7abc-8def-0123456789ab".parse().unwrap();
        let names = |text: &str| {
            Sought::new(text)
                .unwrap()
                .names(id, "kind", &["tag".to_owned()])
        };
        for name in [
            "01932d8a",
            "01932D8A-11",
            "01932d8a-1111-7abc-8def-0123456789ab",
            "kind",
            "tag",
        ] {
            assert!(names(name), "{name}");
        }
        for other in [
            "0193",
            "01932d8b",
            "456789ab",
            "kin",
            "Tag",
            "01932d8a-1111-7abc-8def-0123456789ab0",
        ] {
            assert!(!names(other), "{other}");
        }
        assert!(Sought::new("8def-0123").unwrap().is_in_id(id));
        assert!(Sought::new(" \n").is_none());
    }
}
