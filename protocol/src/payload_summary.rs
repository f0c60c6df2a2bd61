//! A payload in one line, for people who look through a list.
//!
//! Made of the beginning of its JSON alone, since a payload may be large: what is cut off in the
//! middle reads as far as it goes.

/// How many characters of a payload are needed for its summary.
pub const READS: usize = 400;
/// The most characters that a summary has, the ellipsis among them.
const MOST: usize = 160;

/// The summary of a payload that is, or begins with, `json`: without the braces around it, the
/// quotes around names and strings, and the blanks between.
pub fn of(json: &str) -> String {
    let cut_off = json.chars().nth(READS).is_some();
    let beginning = json.chars().take(READS);
    let mut summary = Summary::default();
    let mut depth = 0_u32;
    let mut text = None;
    for character in beginning {
        match (&mut text, character) {
            (Some(Text::Plain), '"') => text = None,
            (Some(Text::Plain), '\\') => text = Some(Text::Escaped),
            (Some(Text::Escaped), 'u') => text = Some(Text::Code(0, 4)),
            (Some(Text::Escaped), other) => {
                summary.push(match other {
                    'n' | 't' | 'r' | 'b' | 'f' => ' ',
                    other => other,
                });
                text = Some(Text::Plain);
            }
            (Some(Text::Code(code, left)), digit) => {
                *code = *code * 16 + digit.to_digit(16).unwrap_or(0);
                *left -= 1;
                if *left == 0 {
                    summary.push_unit(*code);
                    text = Some(Text::Plain);
                }
            }
            (None, '"') => text = Some(Text::Plain),
            (None, ':') => summary.push_all(": "),
            (None, ',') => summary.push_all(", "),
            (None, open @ ('{' | '[')) => {
                // The braces around everything say nothing; a list says that it is one.
                if depth > 0 || open == '[' {
                    summary.push(open);
                }
                depth += 1;
            }
            (None, close @ ('}' | ']')) => {
                depth = depth.saturating_sub(1);
                if depth > 0 || close == ']' {
                    summary.push(close);
                }
            }
            (None, blank) if blank.is_ascii_whitespace() => {}
            (Some(Text::Plain) | None, other) => summary.push(other),
        }
    }
    summary.finish(cut_off)
}

/// Where in a string of JSON the reader is.
enum Text {
    Plain,
    /// After a backslash.
    Escaped,
    /// In `\uXXXX`: the code so far, and how many digits are missing.
    Code(u32, u8),
}

/// One line that grows to its limit.
#[derive(Default)]
struct Summary {
    text: String,
    characters: usize,
    is_cut: bool,
    /// The first half of a pair of surrogates, which waits for the second.
    high: Option<u32>,
}

impl Summary {
    fn push(&mut self, character: char) {
        // Control characters would break the line, or turn it around.
        let character = if is_unseen(character) { ' ' } else { character };
        if character == ' ' && (self.text.is_empty() || self.text.ends_with(' ')) {
            return;
        }
        if self.characters == MOST {
            self.is_cut = true;
            return;
        }
        self.text.push(character);
        self.characters += 1;
    }

    /// A unit of UTF-16, as JSON writes characters by number.
    fn push_unit(&mut self, unit: u32) {
        let high = self.high.take();
        match (unit, high) {
            (0xd800..0xdc00, _) => self.high = Some(unit),
            (0xdc00..0xe000, Some(high)) => {
                let code = 0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00);
                self.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            _ => self.push(char::from_u32(unit).unwrap_or('\u{fffd}')),
        }
    }

    fn push_all(&mut self, text: &str) {
        for character in text.chars() {
            self.push(character);
        }
    }

    fn finish(mut self, cut_off: bool) -> String {
        let goes_on = self.is_cut || cut_off;
        if goes_on && self.characters == MOST {
            self.text.pop();
        }
        self.text.truncate(self.text.trim_end().len());
        if goes_on {
            self.text.push('…');
        }
        self.text
    }
}

/// Whether a character is not seen itself but changes how others are.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{MOST, READS, of};

    #[test]
    fn a_payload_reads_as_its_members() {
        for (json, summary) in [
            (r#"{"seconds": 5, "steps": 10}"#, "seconds: 5, steps: 10"),
            ("{ }", ""),
            ("null", "null"),
            (r#""plain text""#, "plain text"),
            ("[1, 2,3]", "[1, 2, 3]"),
            (
                r#"{"to":["a@x.test","b@x.test"],"o":{"deep":{}}}"#,
                "to: [a@x.test, b@x.test], o: {deep: {}}",
            ),
            (
                r#"{"n": 0.12345678901234567890}"#,
                "n: 0.12345678901234567890",
            ),
        ] {
            assert_eq!(of(json), summary, "{json}");
        }
    }

    #[test]
    fn it_stays_one_line_whatever_is_in_it() {
        let json =
            r#"{"a":"two\nlines\tand \"quotes\" \\ \u00fcber \u202e\u0000 x","b":"</script>"}"#;
        assert_eq!(
            of(json),
            "a: two lines and \"quotes\" \\ über x, b: </script>"
        );
    }

    #[test]
    fn characters_by_number_read_as_they_are() {
        assert_eq!(of(r#"{"a": "\ud83d\ude00 \u00fc \ud83d"}"#), "a: 😀 ü");
    }

    #[test]
    fn what_is_long_is_cut_and_says_so() {
        let long = format!("\"{}\"", "ü".repeat(MOST + 1));
        let summary = of(&long);
        assert_eq!(summary.chars().count(), MOST);
        assert!(summary.ends_with("ü…"));
        assert_eq!(
            of(&format!("\"{}\"", "ü".repeat(MOST))).chars().count(),
            MOST
        );
        // The beginning that a store reads makes the same summary as the whole.
        let blanks = format!("{{\"a\": 1, {} \"b\": 2}}", " ".repeat(READS));
        let beginning: String = blanks.chars().take(READS + 1).collect();
        assert_eq!(of(&blanks), "a: 1,…");
        assert_eq!(of(&beginning), of(&blanks));
    }
}
