//! What serde says, in JSON's own words.

use std::borrow::Cow;
use std::fmt;

use glassworks_protocol::excerpt::quoted;

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
