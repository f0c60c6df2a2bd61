//! Reads JSON as a type, and says what is wrong where in JSON's own words.
//!
//! serde tells a program's author what its types expect (`u64`, `struct NewTask`, a map). Who sent
//! the text knows numbers, objects and arrays, so that is what they are told.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::fmt::Write as _;

use glassworks_protocol::excerpt::quoted;
use glassworks_protocol::{FieldError, pointer_step};
use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny,
    MapAccess, SeqAccess, Visitor,
};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

/// A byte order mark, with which some programs begin every text. A reader of JSON may pass over it
/// (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// It is not JSON.
    NotJson(String),
    /// It is JSON, and this is wrong in it.
    Misshapen(FieldError),
}

/// Reads `text` as a `T`.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Misread> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    // Read again after an error, now with an eye on where it is: good texts need not pay for that.
    let read = serde_json::from_slice(text).or_else(|_| tracked(text));
    // serde takes a struct's fields in a row, too; then nothing would say which is which.
    if text.trim_ascii_start().starts_with(b"[") && !matches!(read, Err(Misread::NotJson(_))) {
        let detail = "expected an object, found an array";
        return Err(Misread::Misshapen(FieldError::new("", detail)));
    }
    read
}

fn tracked<T: DeserializeOwned>(text: &[u8]) -> Result<T, Misread> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        match error.classify() {
            Category::Data => Misread::Misshapen(FieldError::new(pointer, in_words(&error))),
            Category::Io | Category::Syntax | Category::Eof => Misread::NotJson(error.to_string()),
        }
    })?;
    let end = json.end();
    end.map_err(|error| Misread::NotJson(error.to_string()))?;
    Ok(value)
}

/// Reads a text that is known to be JSON as a `T`, or says what is wrong where.
pub(crate) fn read_part<T: DeserializeOwned>(json: &str) -> Result<T, FieldError> {
    serde_json::from_str(json)
        .or_else(|_| at_fault(json, |deserializer| T::deserialize(deserializer)))
}

/// Whether every reader of `json`, which is known to be JSON, finds the same in it: no member is
/// given twice (RFC 8259, section 4, leaves open which counts), no number is out of range, no
/// string holds half a character, and it is not nested beyond what readers follow.
pub(crate) fn check_sound(json: &str) -> Result<(), FieldError> {
    let mut quick = serde_json::Deserializer::from_str(json);
    Sound
        .deserialize(&mut quick)
        .or_else(|_| at_fault(json, |deserializer| Sound.deserialize(deserializer)))
}

/// Reads `json` with `read`, and says of an error where it is.
fn at_fault<T>(
    json: &str,
    read: impl FnOnce(
        serde_path_to_error::Deserializer<&mut serde_json::Deserializer<serde_json::de::StrRead>>,
    ) -> serde_json::Result<T>,
) -> Result<T, FieldError> {
    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Deserializer::from_str(json);
    read(serde_path_to_error::Deserializer::new(
        &mut json, &mut track,
    ))
    .map_err(|error| FieldError::new(pointer(&track.path()), in_words(&error)))
}

/// `path` as a JSON Pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            // Cannot fail: a String takes all that is written to it.
            Segment::Seq { index } => drop(write!(pointer, "/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&pointer_step(key));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// Reads any JSON, and refuses a member that is given twice.
#[derive(Clone, Copy)]
struct Sound;

impl<'de> DeserializeSeed<'de> for Sound {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if names.insert(name) {
                members.next_value_seed(self)?;
            } else {
                // Refused at the member, so that the pointer leads to it.
                members.next_value_seed(Twice)?;
            }
        }
        Ok(())
    }
}

/// Refuses whatever it is given.
struct Twice;

impl<'de> DeserializeSeed<'de> for Twice {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        Err(D::Error::custom("is given twice"))
    }
}

/// What `error` says, in JSON's own words and without the place in the text, which says less than
/// a pointer.
pub fn in_words(error: &dyn fmt::Display) -> String {
    let message = error.to_string();
    let message = match message.rfind(" at line ") {
        Some(end) => &message[..end],
        None => &message,
    };
    let mismatch = ["invalid type: ", "invalid value: "]
        .into_iter()
        .find_map(|prefix| message.strip_prefix(prefix))
        .and_then(|rest| rest.rsplit_once(", expected "));
    if let Some((found, expected)) = mismatch {
        return format!(
            "expected {}, found {}",
            awaited(expected),
            encountered(found)
        );
    }
    if let Some((length, expected)) = message
        .strip_prefix("invalid length ")
        .and_then(|rest| rest.split_once(", expected "))
    {
        return format!("expected {}, found an array of {length}", awaited(expected));
    }
    for (prefix, what) in [("unknown field `", "field"), ("unknown variant `", "value")] {
        let Some(rest) = message.strip_prefix(prefix) else {
            continue;
        };
        if let Some((name, known)) = rest.split_once("`, expected ") {
            return format!("unknown {what} {}, expected {known}", quoted(name));
        }
        if let Some((name, _)) = rest.rsplit_once("`, ") {
            return format!("unknown {what} {}, there are none here", quoted(name));
        }
    }
    if let Some(name) = message
        .strip_prefix("duplicate field `")
        .and_then(|rest| rest.strip_suffix('`'))
    {
        return format!("{} is given twice", quoted(name));
    }
    match message {
        "number out of range" => "is a number too large to be read".to_owned(),
        "recursion limit exceeded" => "is nested too deep to be read".to_owned(),
        "unexpected end of hex escape"
        | "lone leading surrogate in hex escape"
        | "invalid unicode code point" => "holds half a character".to_owned(),
        other => other.to_owned(),
    }
}

/// What a type of Rust awaits, as JSON says it.
fn awaited(expected: &str) -> Cow<'_, str> {
    let integer = |least: &str, most: &str| format!("a whole number from {least} to {most}").into();
    match expected {
        "u8" => integer("0", "255"),
        "u16" => integer("0", "65535"),
        "u32" => integer("0", "4294967295"),
        "u64" | "usize" => integer("0", "18446744073709551615"),
        "i8" => integer("-128", "127"),
        "i16" => integer("-32768", "32767"),
        "i32" => integer("-2147483648", "2147483647"),
        "i64" | "isize" => integer("-9223372036854775808", "9223372036854775807"),
        "f32" | "f64" => "a number".into(),
        "a boolean" => "true or false".into(),
        "a borrowed string" | "a character" | "variant identifier" | "a formatted UUID string" => {
            "a string".into()
        }
        "a sequence" => "an array".into(),
        "a map" => "an object".into(),
        "string or map" => "a string or an object".into(),
        "unit" => "null".into(),
        "any valid JSON value" => "a value".into(),
        other if other.starts_with("tuple") || other.starts_with("a tuple") => "an array".into(),
        other if other.starts_with("struct ") || other.contains("tagged enum") => {
            "an object".into()
        }
        other if other.starts_with("enum ") => "one of its variants".into(),
        other => other.into(),
    }
}

/// What serde came upon, as JSON calls it.
fn encountered(found: &str) -> Cow<'_, str> {
    let between = |prefix: &str| found.strip_prefix(prefix)?.strip_suffix('`');
    if let Some(literal) = ["boolean `", "integer `", "floating point `"]
        .into_iter()
        .find_map(between)
    {
        return literal.into();
    }
    if let Some(text) = found
        .strip_prefix("string \"")
        .and_then(|rest| rest.strip_suffix('"'))
    {
        return format!("the string {}", quoted(text)).into();
    }
    match found {
        "unit value" | "Option value" => "null".into(),
        "sequence" => "an array".into(),
        "unit variant" => "a string".into(),
        "map" | "newtype variant" | "tuple variant" | "struct variant" | "enum" => {
            "an object".into()
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use glassworks_protocol::{FieldError, NewSchedule, NewTask, TaskFilter};
    use serde::Deserialize;
    use serde_json::Value;

    use super::{Misread, check_sound, read, read_part};

    /// Words that only those know who read the code.
    const RUST: &[&str] = &[
        "u8", "u16", "u32", "u64", "usize", "i64", "f64", "struct", "enum", "map", "sequence",
        "unit", "tuple", "variant", "boolean", "floating", "integer", "bool", "Option", "line",
    ];

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "it is only read")]
    struct Every {
        tiny: Option<i8>,
        ratio: Option<f64>,
        flag: Option<bool>,
        pair: Option<(u8, u8)>,
        three: Option<[u8; 3]>,
        by_name: Option<BTreeMap<String, u16>>,
        choice: Option<Choice>,
        nothing: Option<()>,
        id: Option<uuid::Uuid>,
        letter: Option<char>,
        inner: Option<Box<Every>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    #[allow(dead_code, reason = "it is only read")]
    enum Choice {
        Plain,
        Numbered(u32),
    }

    fn fault<T: serde::de::DeserializeOwned + std::fmt::Debug>(text: &str) -> FieldError {
        match read::<T>(text.as_bytes()) {
            Err(Misread::Misshapen(fault)) => fault,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_json() {
        for (text, pointer, detail) in [
            (r#"{"kind":7}"#, "/kind", "expected a string, found 7"),
            (r#"{"kind":null}"#, "/kind", "expected a string, found null"),
            (
                r#"{"kind":{}}"#,
                "/kind",
                "expected a string, found an object",
            ),
            (
                r#"{"kind":[1]}"#,
                "/kind",
                "expected a string, found an array",
            ),
            (r#"{"kind":true}"#, "/kind", "expected a string, found true"),
            ("{}", "", "missing field `kind`"),
            (
                r#"{"kind":"a","priority":"x"}"#,
                "/priority",
                "expected a whole number from 0 to 255, found the string `x`",
            ),
            (
                r#"{"kind":"a","priority":-1}"#,
                "/priority",
                "expected a whole number from 0 to 255, found -1",
            ),
            (
                r#"{"kind":"a","timeout_ms":1.5}"#,
                "/timeout_ms",
                "expected a whole number from 0 to 18446744073709551615, found 1.5",
            ),
            (
                r#"{"kind":"a","tags":"b"}"#,
                "/tags",
                "expected an array, found the string `b`",
            ),
            (
                r#"{"kind":"a","tags":[1]}"#,
                "/tags/0",
                "expected a string, found 1",
            ),
            (
                r#"{"kind":"a","retry":5}"#,
                "/retry",
                "expected an object, found 5",
            ),
            (
                r#"{"kind":"a","retry":{"a/b":1}}"#,
                "/retry/a~1b",
                "unknown field `a/b`, expected one of `initial_ms`, `factor`, `max_ms`",
            ),
            (r#"{"kind":"a","kind":"b"}"#, "", "`kind` is given twice"),
            ("[]", "", "expected an object, found an array"),
            ("5", "", "expected an object, found 5"),
        ] {
            let found = fault::<NewTask>(text);
            assert_eq!(
                (&*found.pointer, &*found.detail),
                (pointer, detail),
                "{text}"
            );
        }
        let missed = fault::<NewSchedule>(r#"{"cron":"","task":{"kind":"a"},"missed":"never"}"#);
        assert_eq!(
            missed.detail,
            "unknown value `never`, expected `run_once` or `skip`"
        );
        let state = fault::<TaskFilter>(r#"{"state":"odd"}"#);
        assert!(
            state.detail.starts_with("unknown value `odd`, expected"),
            "{state:?}"
        );
    }

    #[test]
    fn no_message_speaks_of_types_of_rust() {
        let wrong = [
            "null",
            "true",
            "7",
            "-7",
            "1.5",
            "1e300",
            "\"x\"",
            "[]",
            "[1]",
            "{}",
            "{\"a\":1}",
        ];
        let fields = [
            "tiny", "ratio", "flag", "pair", "three", "by_name", "choice", "nothing", "id",
            "letter", "inner", "odd",
        ];
        for field in fields {
            for value in wrong {
                let text = format!(r#"{{"{field}":{value}}}"#);
                let Err(Misread::Misshapen(fault)) = read::<Every>(text.as_bytes()) else {
                    continue;
                };
                let mut words = fault.detail.split(|c: char| !c.is_alphanumeric());
                assert!(
                    !words.any(|word| RUST.contains(&word)),
                    "{text}: {}",
                    fault.detail
                );
            }
        }
    }

    #[test]
    fn what_is_quoted_is_short() {
        let long = "a".repeat(100_000);
        for text in [
            format!(r#"{{"kind":"a","{long}":1}}"#),
            format!(r#"{{"kind":"a","priority":"{long}"}}"#),
            format!(r#"{{"kind":"a","retry":{{"{long}":1}}}}"#),
            format!(r#"{{"kind":"a","run_at":"{long}"}}"#),
        ] {
            let fault = fault::<NewTask>(&text);
            assert!(fault.pointer.len() < 300, "{}", fault.pointer.len());
            assert!(fault.detail.len() < 300, "{}", fault.detail);
        }
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        let task: NewTask = read(b"\xef\xbb\xbf{\"kind\":\"a\"}").unwrap();
        assert_eq!(task.kind, "a");
        assert!(matches!(
            read::<NewTask>(b"\xef\xbb\xbf"),
            Err(Misread::NotJson(_))
        ));
        assert!(matches!(
            read::<NewTask>(b"{\"kind\":\"a\"} {}"),
            Err(Misread::NotJson(_))
        ));
        assert!(matches!(read::<NewTask>(b"\xff"), Err(Misread::NotJson(_))));
    }

    #[test]
    fn what_readers_would_read_differently_is_refused_where_it_stands() {
        for sound in [
            "{}",
            r#"{"a":[1,{"a":1}],"b":{"a":18446744073709551616}}"#,
            "[1e-400,0.12345678901234567890,-0,\"\\u00fc\\ud83d\\ude00\"]",
        ] {
            check_sound(sound).unwrap();
        }
        for (text, pointer, detail) in [
            (r#"{"a":1,"a":1}"#, "/a", "is given twice"),
            (r#"{"a":1,"\u0061":{}}"#, "/a", "is given twice"),
            (
                r#"{"list":[{"x/y":1,"z":2,"x/y":3}]}"#,
                "/list/0/x~1y",
                "is given twice",
            ),
            (
                r#"{"a":[1e400]}"#,
                "/a/0",
                "is a number too large to be read",
            ),
            (r#"{"a":"\ud800"}"#, "/a", "holds half a character"),
        ] {
            let fault = check_sound(text).unwrap_err();
            assert_eq!(
                (&*fault.pointer, &*fault.detail),
                (pointer, detail),
                "{text}"
            );
        }
        let deep = "[".repeat(500) + &"]".repeat(500);
        let fault = check_sound(&deep).unwrap_err();
        assert_eq!(fault.detail, "is nested too deep to be read");
    }

    #[test]
    fn a_part_is_read_with_a_pointer_to_its_fault() {
        let value: Value = read_part("{\"a\":1}").unwrap();
        assert_eq!(value["a"], 1);
        let fault =
            read_part::<BTreeMap<String, u64>>(r#"{"a":18446744073709551616}"#).unwrap_err();
        assert_eq!(fault.pointer, "/a");
    }
}
