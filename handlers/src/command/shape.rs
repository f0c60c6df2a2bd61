//! What sort of value a parameter takes, and its range.

use regex::Regex;
use serde_json::{Map, Value, json};

/// What sort of value a parameter takes, and its range.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Text {
        pattern: Option<Pattern>,
        min_length: usize,
        max_length: usize,
        /// Whether it may begin with a hyphen, which makes most programs take it for an option.
        may_be_option: bool,
    },
    Number {
        is_integer: bool,
        /// At least 0 unless the operator has said otherwise: a minus is a hyphen, too.
        minimum: f64,
        maximum: Option<f64>,
    },
    Flag,
}

/// A pattern that has to match the whole of a value, and not only some part of it.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    written: String,
    whole: Regex,
}

impl Pattern {
    pub(super) fn read(written: String) -> Result<Self, String> {
        let whole = Regex::new(&format!(r"\A(?:{written})\z"))
            .map_err(|error| format!("the pattern: {error}"))?;
        Ok(Self { written, whole })
    }
}

impl Shape {
    /// Whether a value is of this sort at all, whatever its range.
    pub(super) fn has_type(&self, value: &Value) -> Result<(), String> {
        let (fits, name) = match self {
            Self::Text { .. } => (value.is_string(), "a string"),
            Self::Number { is_integer, .. } if *is_integer => {
                (value.is_i64() || value.is_u64(), "an integer")
            }
            Self::Number { .. } => (value.is_number(), "a number"),
            Self::Flag => (value.is_boolean(), "true or false"),
        };
        match value.as_str() {
            _ if !fits => Err(format!("expected {name}")),
            // It would end the argument early.
            Some(text) if text.contains('\0') => Err("must not hold a NUL".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whether a value of the right type is in range.
    pub(super) fn holds(&self, value: &Value) -> Result<(), String> {
        match self {
            Self::Text {
                pattern,
                min_length,
                max_length,
                may_be_option,
            } => {
                let text = value.as_str().unwrap_or_default();
                if !may_be_option && text.starts_with('-') {
                    let detail = "must not begin with `-`: it could be taken for an option";
                    return Err(detail.to_owned());
                }
                if !(*min_length..=*max_length).contains(&text.chars().count()) {
                    return Err(format!("expected {min_length} to {max_length} characters"));
                }
                match pattern {
                    Some(pattern) if !pattern.whole.is_match(text) => {
                        Err(format!("does not match `{}`", pattern.written))
                    }
                    _ => Ok(()),
                }
            }
            Self::Number {
                minimum, maximum, ..
            } => {
                let number = value.as_f64().unwrap_or(f64::NAN);
                match *maximum {
                    Some(maximum) if !(*minimum..=maximum).contains(&number) => {
                        Err(format!("expected {minimum} to {maximum}"))
                    }
                    None if number < *minimum => Err(format!("expected at least {minimum}")),
                    _ => Ok(()),
                }
            }
            Self::Flag => Ok(()),
        }
    }

    /// A value to start from; it may not be in range.
    pub(super) fn example(&self) -> Value {
        match self {
            Self::Text { .. } => json!("text"),
            Self::Number { minimum, .. } => number(*minimum),
            Self::Flag => json!(true),
        }
    }

    /// The name of its JSON type.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "string",
            Self::Number { is_integer, .. } if *is_integer => "integer",
            Self::Number { .. } => "number",
            Self::Flag => "boolean",
        }
    }

    /// Its range, as keywords of JSON Schema.
    pub(super) fn range(&self) -> Map<String, Value> {
        let mut range = Map::new();
        let mut set = |name: &str, value: Value| range.insert(name.to_owned(), value);
        match self {
            Self::Text {
                pattern,
                min_length,
                max_length,
                may_be_option,
            } => {
                set("minLength", json!(min_length));
                set("maxLength", json!(max_length));
                if let Some(pattern) = pattern {
                    set("pattern", json!(format!("^(?:{})$", pattern.written)));
                }
                if !may_be_option {
                    set("not", json!({"pattern": "^-"}));
                }
            }
            Self::Number {
                minimum, maximum, ..
            } => {
                set("minimum", number(*minimum));
                if let Some(maximum) = maximum {
                    set("maximum", number(*maximum));
                }
            }
            Self::Flag => {}
        }
        range
    }
}

/// A bound as JSON, without a fraction where it has none.
fn number(bound: f64) -> Value {
    #[allow(clippy::cast_possible_truncation, reason = "it is compared below")]
    let whole = bound as i64;
    #[allow(clippy::cast_precision_loss, reason = "it is compared below")]
    let is_whole = (whole as f64 - bound).abs() < f64::EPSILON;
    if is_whole { json!(whole) } else { json!(bound) }
}
