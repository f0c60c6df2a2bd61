//! The search box of the list: `kind:http state:failed,retrying since:2h` beside a text to look for.
//!
//! It is read here and nowhere else. What it cannot read it says, and the text it leaves is what the
//! engine searches for, letter by letter.

use glassworks_protocol::{State, TaskFilter};

use crate::time::When;

/// The words that the box knows.
const WORDS: &str = "kind:, queue:, tag:, state:, since: and until:";

/// What a list is narrowed by, as far as a box can say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Narrowed {
    /// By everything but the time.
    pub(crate) filter: TaskFilter,
    /// Submitted then or later.
    pub(crate) since: Option<When>,
    /// Submitted before then.
    pub(crate) until: Option<When>,
}

/// What is to be said beside the box.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// In whole sentences.
    pub(crate) said: Vec<String>,
    /// Whether something that was typed narrows nothing: more is shown than was asked for.
    pub(crate) left_out: bool,
}

/// Narrows by what was `typed`: its words replace what was chosen before, and the rest of it is the
/// text to look for.
pub(crate) fn read(typed: &str, narrowed: &mut Narrowed) -> Notes {
    let mut notes = Notes::default();
    let mut rest = String::new();
    for piece in pieces(typed) {
        let word = piece.trim_start();
        match understood(word, narrowed) {
            Meaning::Taken => continue,
            Meaning::Text => {}
            Meaning::Strange => notes.said.push(format!(
                "`{}` is looked for as text: the words of this box are {WORDS}.",
                shown(word)
            )),
            Meaning::Wrong(why) => {
                notes
                    .said
                    .push(format!("`{}` is left out: {why}.", shown(word)));
                notes.left_out = true;
                continue;
            }
        }
        rest.push_str(piece);
    }
    let rest = rest.trim();
    let text = unquoted(rest).unwrap_or_else(|| rest.to_owned());
    narrowed.filter.q = Some(text).filter(|text| !text.trim().is_empty());
    notes
}

/// A text as it has to be typed so that it is looked for, whatever is in it.
pub(crate) fn write(text: &str) -> String {
    let mut narrowed = Narrowed::default();
    let notes = read(text, &mut narrowed);
    let mut same = Narrowed::default();
    same.filter.q = Some(text.trim().to_owned());
    if notes == Notes::default() && narrowed == same {
        text.trim().to_owned()
    } else {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    }
}

enum Meaning {
    /// A word of the box, which has narrowed the list.
    Taken,
    /// A part of the text.
    Text,
    /// A part of the text that looks like a word of the box.
    Strange,
    /// A word of the box that means nothing.
    Wrong(String),
}

fn understood(word: &str, narrowed: &mut Narrowed) -> Meaning {
    let Some((name, value)) = word.split_once(':') else {
        return Meaning::Text;
    };
    let is_name = name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let value = unquoted(value).unwrap_or_else(|| value.to_owned());
    let known = matches!(name, "kind" | "queue" | "tag" | "state" | "since" | "until");
    if known && value.is_empty() {
        return Meaning::Wrong("nothing follows it".to_owned());
    }
    let filter = &mut narrowed.filter;
    match name {
        "kind" => filter.kind = Some(value),
        "queue" => filter.queue = Some(value),
        "tag" => filter.tag = Some(value),
        "state" => match states(&value) {
            Ok(states) => filter.state = states,
            Err(why) => return Meaning::Wrong(why),
        },
        "since" | "until" => {
            let Ok(when) = value.parse() else {
                return Meaning::Wrong(
                    "a time is 2026-11-23, 2026-11-23T06:15:00Z, or 30m, 2h or 7d ago".to_owned(),
                );
            };
            if name == "since" {
                narrowed.since = Some(when);
            } else {
                narrowed.until = Some(when);
            }
        }
        // A sentence, an address, a path on another system.
        _ if !is_name || value.is_empty() || value.starts_with("//") => return Meaning::Text,
        _ => return Meaning::Strange,
    }
    Meaning::Taken
}

/// States with commas between them.
pub(crate) fn states(words: &str) -> Result<Vec<State>, String> {
    let words = words.split(',').map(str::trim);
    let states: Result<Vec<State>, _> = words.map(str::parse).collect();
    states.map_err(|error: glassworks_protocol::UnknownState| error.to_string())
}

/// The words of a text, each with the blanks before it; blanks between quotes are of the word.
fn pieces(typed: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut in_word, mut quoted, mut escaped) = (0, false, false, false);
    for (place, character) in typed.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => {
                // A quote within a word opens nothing, unless a word of the box ends with it.
                let opens = !in_word || typed[..place].ends_with(':');
                quoted = !quoted && opens;
                in_word = true;
            }
            blank if blank.is_whitespace() && !quoted => {
                if in_word {
                    pieces.push(&typed[start..place]);
                    start = place;
                    in_word = false;
                }
            }
            _ => in_word = true,
        }
    }
    pieces.push(&typed[start..]);
    pieces
}

/// What is between quotes, if the whole text is.
fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut plain = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            // A quote that stands alone ends the first of several.
            '"' => return None,
            '\\' => plain.push(characters.next()?),
            other => plain.push(other),
        }
    }
    Some(plain)
}

/// The beginning of what was typed, to be told again.
fn shown(word: &str) -> String {
    let mut shown: String = word.chars().take(60).collect();
    if shown.len() < word.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::State;

    use super::{Narrowed, Notes, read, write};

    fn narrowed(typed: &str) -> (Narrowed, Notes) {
        let mut narrowed = Narrowed::default();
        let notes = read(typed, &mut narrowed);
        (narrowed, notes)
    }

    #[test]
    fn its_words_narrow_and_the_rest_is_looked_for() {
        let (found, notes) = narrowed(
            "kind:http  queue:mail bounced  back tag:\"two words\" state:failed,retrying since:2h",
        );
        assert_eq!(notes, Notes::default());
        let filter = &found.filter;
        assert_eq!(filter.kind.as_deref(), Some("http"));
        assert_eq!(filter.queue.as_deref(), Some("mail"));
        assert_eq!(filter.tag.as_deref(), Some("two words"));
        assert_eq!(filter.state, [State::Failed, State::Retrying]);
        assert_eq!(filter.q.as_deref(), Some("bounced  back"));
        assert_eq!(found.since, Some("2h".parse().unwrap()));
        assert_eq!(found.until, None);
    }

    #[test]
    fn what_only_looks_like_a_word_is_text() {
        for text in [
            r"C:\temp\new",
            "https://example.com/a?b=c",
            "ValueError: bad",
            "12:30",
            r#"say "hi""#,
            r#"{"to": "a b"}"#,
            "</script>",
            ":",
            "\"",
        ] {
            let (found, notes) = narrowed(text);
            assert_eq!(notes, Notes::default(), "{text}");
            assert_eq!(found.filter.q.as_deref(), Some(text));
        }
    }

    #[test]
    fn what_it_cannot_read_is_said() {
        let (found, notes) = narrowed("kindd:http x");
        assert_eq!(found.filter.q.as_deref(), Some("kindd:http x"));
        assert!(notes.said[0].contains("`kindd:http` is looked for as text"));
        assert!(!notes.left_out);
        for (typed, said) in [
            ("state:done", "`done` is not a state"),
            ("state:", "nothing follows it"),
            ("since:yesterday", "2026-11-23"),
            ("kind:\"\"", "nothing follows it"),
        ] {
            let (found, notes) = narrowed(typed);
            assert_eq!(found, Narrowed::default(), "{typed}");
            assert!(notes.said[0].contains(said), "{notes:?}");
            assert!(notes.left_out);
        }
        let (_, notes) = narrowed(&format!("state:{}", "x".repeat(10_000)));
        assert!(notes.said[0].len() < 1_000, "{}", notes.said[0].len());
    }

    #[test]
    fn any_text_can_be_written_so_that_it_is_looked_for() {
        for text in [
            "plain words",
            "kind:http",
            "kindd:http",
            "state:done",
            r#"say "hi""#,
            r#""quoted""#,
            r#""one" and "two""#,
            r"back\slash kind:x",
            "\"",
            "\\",
            "a  b",
        ] {
            let (found, notes) = narrowed(&write(text));
            assert_eq!(notes, Notes::default(), "{text}");
            assert_eq!(found.filter.q.as_deref(), Some(text), "{}", write(text));
            let mut same = Narrowed::default();
            same.filter.q = Some(text.to_owned());
            assert_eq!(found, same);
        }
    }
}
