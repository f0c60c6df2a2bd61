//! JSON that is kept as the text it came as.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// Levels that [`JsonText::pretty`] indents at most: deeper text is lined up, not pushed further.
const DEEPEST_INDENT: usize = 40;

/// A JSON value as the text it came as: every digit, every escape, and its members in their order.
///
/// A tree of values would round numbers to what a program's types hold, sort members and write
/// strings anew, so that what is handed on would not be what was signed. Cloning is cheap.
///
/// Two are equal when their texts are. Equality with a [`Value`] is that of the values.
#[derive(Clone)]
pub struct JsonText(Arc<RawValue>);

impl JsonText {
    /// The text `{}`.
    pub fn empty_object() -> Self {
        Self::from(Value::Object(serde_json::Map::new()))
    }

    /// Takes `text` as it is; an error when it is not one JSON value.
    pub fn parse(text: String) -> serde_json::Result<Self> {
        RawValue::from_string(text).map(|raw| Self(raw.into()))
    }

    /// Writes `value`; an error when JSON has no way to.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Self> {
        to_raw_value(value).map(|raw| Self(raw.into()))
    }

    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.get() == "null"
    }

    /// Reads it as a `T`, which may round what `T` cannot hold.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.get())
    }

    /// The text with a line for each member and item. Nothing else of it changes.
    pub fn pretty(&self) -> String {
        let text = self.get();
        let mut out = String::with_capacity(text.len() * 2);
        let mut depth = 0_usize;
        let mut in_string = false;
        let mut escaped = false;
        for (place, character) in text.char_indices() {
            if in_string {
                out.push(character);
                in_string = escaped || character != '"';
                escaped = !escaped && character == '\\';
                continue;
            }
            match character {
                '{' | '[' => {
                    out.push(character);
                    depth += 1;
                    if !text[place + 1..].trim_start().starts_with(['}', ']']) {
                        new_line(&mut out, depth);
                    }
                }
                '}' | ']' => {
                    depth = depth.saturating_sub(1);
                    if !out.ends_with(['{', '[']) {
                        new_line(&mut out, depth);
                    }
                    out.push(character);
                }
                ',' => {
                    out.push(',');
                    new_line(&mut out, depth);
                }
                ':' => out.push_str(": "),
                ' ' | '\t' | '\n' | '\r' => {}
                _ => {
                    in_string = character == '"';
                    out.push(character);
                }
            }
        }
        out
    }
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth.min(DEEPEST_INDENT) {
        out.push_str("  ");
    }
}

impl From<Value> for JsonText {
    fn from(value: Value) -> Self {
        // Cannot fail: a `Value` has string keys and finite numbers only.
        let raw = to_raw_value(&value).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self(raw.into())
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(raw.into()))
    }
}

impl PartialEq for JsonText {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for JsonText {}

impl PartialEq<Value> for JsonText {
    fn eq(&self, other: &Value) -> bool {
        self.read::<Value>().is_ok_and(|value| value == *other)
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::JsonText;
    use crate::NewTask;

    /// What a tree of values would change.
    const DELICATE: &str = r#"{"zeta":18446744073709551616, "alpha" : [0.12345678901234567890,1e-400,-0],"\u00fc":"\/"}"#;

    #[test]
    fn a_payload_travels_as_it_was_written() {
        let body = format!(r#"{{"kind":"a","payload":{DELICATE}}}"#);
        let task: NewTask = serde_json::from_str(&body).unwrap();
        assert_eq!(task.payload.get(), DELICATE);
        assert_eq!(serde_json::to_string(&task).unwrap(), body);
    }

    #[test]
    fn a_value_is_written_shortly() {
        let text = JsonText::from(json!({"b": [1, 2], "a": "ü"}));
        assert_eq!(text.get(), r#"{"a":"ü","b":[1,2]}"#);
        assert_eq!(text, json!({"a": "ü", "b": [1, 2]}));
        assert_eq!(JsonText::empty_object().get(), "{}");
        assert!(JsonText::from(json!(null)).is_null());
        assert!(JsonText::parse("{".to_owned()).is_err());
        assert!(JsonText::parse("{} {}".to_owned()).is_err());
    }

    #[test]
    fn setting_out_changes_nothing_but_the_room_between() {
        let pretty = |text: &str| JsonText::parse(text.to_owned()).unwrap().pretty();
        assert_eq!(
            pretty(DELICATE),
            r#"{
  "zeta": 18446744073709551616,
  "alpha": [
    0.12345678901234567890,
    1e-400,
    -0
  ],
  "\u00fc": "\/"
}"#
        );
        assert_eq!(
            pretty(r#"{"a":{ },"b":[ ]}"#),
            "{\n  \"a\": {},\n  \"b\": []\n}"
        );
        for text in [r#""{\"a\\\\\": [1, 2]}""#, r#""\\""#, "1e400", "null"] {
            assert_eq!(pretty(text), text);
        }
    }

    #[test]
    fn deep_text_is_not_pushed_out_of_sight() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let pretty = JsonText::parse(deep).unwrap().pretty();
        assert!(pretty.len() < 2_000_000, "{}", pretty.len());
    }
}
