//! Reads JSON as a type, and says what is wrong where in JSON's own words.
//!
//! serde tells a program's author what its types expect (`u64`, `struct NewTask`, a map). Who sent
//! the text knows numbers, objects and arrays, so that is what they are told.

mod sound;
mod words;

use std::fmt::Write as _;

use glassworks_protocol::{FieldError, pointer_step};
use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use sound::Sound;
pub use words::in_words;

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
