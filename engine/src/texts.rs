//! How long the texts may be that a run leaves in the journal, beside its output.

use glassworks_protocol::EventBody;
use serde_json::{Map, Value};

/// A failure's message, in bytes.
const MESSAGE_BYTES: usize = 16 * 1024;
/// What a run says of its progress, in bytes.
const PROGRESS_BYTES: usize = 1024;
/// A span's name, its track, and the name of an attribute, in bytes.
const NAME_BYTES: usize = 256;
/// All attributes of a span together, names included, in bytes.
const ATTRIBUTES_BYTES: usize = 4 * 1024;
/// The name under which a span says how many of its attributes were left out.
const LEFT_OUT: &str = "…";

/// Cuts `text` between characters to at most `most` bytes, with an ellipsis for the rest.
pub(crate) fn shorten(text: &mut String, most: usize) {
    if text.len() > most {
        let room = most.saturating_sub('…'.len_utf8());
        text.truncate(text.floor_char_boundary(room));
        text.push('…');
        text.shrink_to_fit();
    }
}

/// Cuts `text` between characters to at most `most` bytes, with an ellipsis in the middle: what
/// went wrong is most often said at the end.
pub(crate) fn shorten_middle(text: &mut String, most: usize) {
    if text.len() <= most {
        return;
    }
    let room = most.saturating_sub('…'.len_utf8());
    let head = text.floor_char_boundary(room / 3);
    let tail = text.ceil_char_boundary(text.len() - (room - head));
    *text = format!("{}…{}", &text[..head], &text[tail..]);
}

/// A failure's message as it is kept.
pub(crate) fn message(mut text: String) -> String {
    shorten(&mut text, MESSAGE_BYTES);
    text
}

/// Cuts what is too long in an entry of a run. Output is bounded elsewhere, by cutting none of it.
pub(crate) fn bound(entry: &mut EventBody) {
    match entry {
        EventBody::Progress { message, .. } => {
            if let Some(message) = message {
                shorten(message, PROGRESS_BYTES);
            }
        }
        EventBody::Span {
            name,
            track,
            attributes,
            ..
        } => {
            shorten(name, NAME_BYTES);
            shorten(track, NAME_BYTES);
            bound_attributes(attributes);
        }
        EventBody::State { .. } | EventBody::Output { .. } | EventBody::Truncated { .. } => {}
    }
}

/// Keeps the first attributes, as many as fit. One that is too long for what is left becomes a text,
/// its beginning; those after it are counted.
fn bound_attributes(attributes: &mut Map<String, Value>) {
    let bytes: usize = attributes
        .iter()
        .map(|(name, value)| name.len() + written(value))
        .sum();
    if bytes <= ATTRIBUTES_BYTES {
        return;
    }
    let mut room = ATTRIBUTES_BYTES;
    let mut left_out = 0_u64;
    for (mut name, mut value) in std::mem::take(attributes) {
        shorten(&mut name, NAME_BYTES);
        let Some(left) = room.checked_sub(name.len()).filter(|left| *left > 0) else {
            left_out += 1;
            room = 0;
            continue;
        };
        if written(&value) > left {
            let mut text = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            shorten(&mut text, left);
            value = Value::String(text);
        }
        room = left.saturating_sub(written(&value));
        attributes.insert(name, value);
    }
    if left_out > 0 {
        attributes.insert(LEFT_OUT.to_owned(), left_out.into());
    }
}

/// The bytes of a text, or of any other value as JSON.
fn written(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    }
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::EventBody;
    use serde_json::{Value, json};

    use super::{ATTRIBUTES_BYTES, PROGRESS_BYTES, bound, message, shorten, shorten_middle};

    fn attributes(given: Value) -> Value {
        let Value::Object(attributes) = given else {
            panic!("{given} is no object");
        };
        let mut span = EventBody::Span {
            name: "a".to_owned(),
            track: "b".to_owned(),
            start_ms: 0.0,
            end_ms: 1.0,
            attributes,
        };
        bound(&mut span);
        match span {
            EventBody::Span { attributes, .. } => Value::Object(attributes),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn of_a_long_text_the_beginning_and_the_end_stay() {
        let mut text = format!("begins{}ends", "ü".repeat(500));
        shorten_middle(&mut text, 101);
        assert!(text.len() <= 101 && text.len() > 95, "{}", text.len());
        assert!(
            text.starts_with("begins") && text.ends_with("ends"),
            "{text}"
        );
        assert_eq!(text.matches('…').count(), 1);
        let mut short = "short".to_owned();
        shorten_middle(&mut short, 5);
        assert_eq!(short, "short");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        for (text, most, expected) in [
            ("äöü", 6, "äöü"),
            ("äöü!", 6, "ä…"),
            ("äöü!", 5, "ä…"),
            ("äöü!", 4, "…"),
        ] {
            let mut cut = text.to_owned();
            shorten(&mut cut, most);
            assert_eq!(cut, expected, "{text} to {most}");
        }
        let long = message("x".repeat(100_000));
        assert_eq!(long.len(), 16 * 1024);
        assert!(long.ends_with("x…"));
    }

    #[test]
    fn progress_says_a_little() {
        let mut entry = EventBody::Progress {
            fraction: 0.5,
            message: Some("x".repeat(100_000)),
        };
        bound(&mut entry);
        let EventBody::Progress { message, .. } = entry else {
            panic!("{entry:?}");
        };
        assert_eq!(message.map(|message| message.len()), Some(PROGRESS_BYTES));
    }

    #[test]
    fn attributes_that_fit_stay_as_they_are() {
        let given = json!({"a": 1, "b": [true, null], "c": "x".repeat(4_000)});
        assert_eq!(attributes(given.clone()), given);
    }

    #[test]
    fn long_attributes_are_cut_and_the_rest_is_counted() {
        let kept = attributes(json!({"a": 1, "b": "x".repeat(9_000), "c": 2, "d": 3}));
        let text = kept["b"].as_str().unwrap();
        assert!(text.ends_with("x…") && text.len() > ATTRIBUTES_BYTES - 10);
        assert_eq!(kept["a"], 1);
        assert_eq!(kept["…"], 2);
        let list = attributes(json!({"list": vec![7; 9_000]}));
        let text = list["list"].as_str().unwrap();
        assert!(text.starts_with("[7,7,") && text.ends_with('…'));
    }
}
