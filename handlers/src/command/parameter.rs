//! What a program may be given: declared by the operator, checked at submission.

use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The longest text when nothing else is declared, in characters.
const LONGEST: usize = 4_096;

/// A parameter of a program: which values it takes, and what they become on the command line.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Declared")]
pub struct Parameter {
    pub(super) is_required: bool,
    description: Option<String>,
    default: Option<Value>,
    choices: Option<Vec<Value>>,
    shape: Shape,
}

/// What sort of value it is, and its range.
#[derive(Clone, Debug)]
enum Shape {
    Text {
        pattern: Option<Regex>,
        min_length: usize,
        max_length: usize,
        /// Whether it may begin with a hyphen, which makes most programs take it for an option.
        may_be_option: bool,
    },
    Number {
        is_integer: bool,
        minimum: f64,
        maximum: Option<f64>,
    },
    Flag,
}

/// A parameter as it stands in a configuration file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    r#type: Type,
    description: Option<String>,
    #[serde(default)]
    required: bool,
    default: Option<Value>,
    choices: Option<Vec<Value>>,
    pattern: Option<String>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    allow_leading_hyphen: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    String,
    Integer,
    Number,
    Boolean,
}

impl TryFrom<Declared> for Parameter {
    type Error = String;

    fn try_from(declared: Declared) -> Result<Self, String> {
        let kind = declared.r#type;
        let is_text = kind == Type::String;
        let is_number = matches!(kind, Type::Integer | Type::Number);
        for (name, is_given, fits) in [
            ("pattern", declared.pattern.is_some(), is_text),
            ("min_length", declared.min_length.is_some(), is_text),
            ("max_length", declared.max_length.is_some(), is_text),
            (
                "allow_leading_hyphen",
                declared.allow_leading_hyphen.is_some(),
                is_text,
            ),
            ("minimum", declared.minimum.is_some(), is_number),
            ("maximum", declared.maximum.is_some(), is_number),
            ("choices", declared.choices.is_some(), is_text || is_number),
        ] {
            if is_given && !fits {
                return Err(format!(
                    "`{name}` does not apply to a parameter of this type"
                ));
            }
        }
        if declared.required && declared.default.is_some() {
            return Err("a required parameter has no use for a default".to_owned());
        }
        let shape = match kind {
            Type::String => Shape::Text {
                pattern: declared.pattern.as_deref().map(whole).transpose()?,
                min_length: declared.min_length.unwrap_or(0),
                max_length: declared.max_length.unwrap_or(LONGEST),
                may_be_option: declared.allow_leading_hyphen.unwrap_or(false),
            },
            Type::Integer | Type::Number => Shape::Number {
                is_integer: kind == Type::Integer,
                minimum: declared.minimum.unwrap_or(0.0),
                maximum: declared.maximum,
            },
            Type::Boolean => Shape::Flag,
        };
        let not_given = matches!(shape, Shape::Flag) && !declared.required;
        let parameter = Self {
            is_required: declared.required,
            description: declared.description,
            default: declared.default.or(not_given.then_some(Value::Bool(false))),
            choices: None,
            shape,
        };
        // A choice is the operator's own word, but it has to be of the type.
        for choice in declared.choices.iter().flatten() {
            parameter.shape.has_type(choice)?;
        }
        let parameter = Self {
            choices: declared.choices,
            ..parameter
        };
        if let Some(default) = &parameter.default {
            parameter
                .argument(default)
                .map_err(|error| format!("the default: {error}"))?;
        }
        Ok(parameter)
    }
}

/// A pattern that has to match the whole of a value, and not only some part of it.
fn whole(pattern: &str) -> Result<Regex, String> {
    Regex::new(&format!(r"\A(?:{pattern})\z")).map_err(|error| format!("the pattern: {error}"))
}

impl Parameter {
    /// Whether a value is there in any case.
    pub(super) fn is_certain(&self) -> bool {
        self.is_required || self.default.is_some()
    }

    pub(super) fn is_flag(&self) -> bool {
        matches!(self.shape, Shape::Flag)
    }

    pub(super) fn default(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// `value` as it stands on the command line; why it is refused otherwise.
    pub(super) fn argument(&self, value: &Value) -> Result<String, String> {
        self.shape.has_type(value)?;
        match &self.choices {
            Some(choices) if choices.contains(value) => {}
            Some(choices) => {
                let list: Vec<_> = choices.iter().map(Value::to_string).collect();
                return Err(format!("expected one of {}", list.join(", ")));
            }
            None => self.shape.holds(value)?,
        }
        Ok(match value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        })
    }

    /// A value that works, if one can be told.
    pub(super) fn example(&self) -> Option<Value> {
        let minimum = match &self.shape {
            Shape::Number {
                minimum,
                is_integer: true,
                ..
            } =>
            {
                #[allow(clippy::cast_possible_truncation, reason = "it saturates")]
                Some(Value::from(minimum.ceil() as i64))
            }
            Shape::Number { minimum, .. } => Some(Value::from(*minimum)),
            Shape::Text { .. } => Some(Value::from("text")),
            Shape::Flag => Some(Value::from(true)),
        };
        let first = self.choices.as_ref().and_then(|choices| choices.first());
        let value = self.default.as_ref().or(first).cloned().or(minimum)?;
        self.argument(&value).is_ok().then_some(value)
    }

    /// Its JSON Schema.
    pub(super) fn schema(&self) -> Value {
        let mut schema = Map::new();
        let mut set = |name: &str, value: Value| schema.insert(name.to_owned(), value);
        match &self.shape {
            Shape::Text {
                pattern,
                min_length,
                max_length,
                may_be_option,
            } => {
                set("type", json!("string"));
                set("minLength", json!(min_length));
                set("maxLength", json!(max_length));
                if let Some(pattern) = pattern {
                    let inner = pattern.as_str().trim_start_matches(r"\A");
                    let inner = inner.strip_suffix(r"\z").unwrap_or(inner);
                    set("pattern", json!(format!("^{inner}$")));
                }
                if !may_be_option && self.choices.is_none() {
                    set("not", json!({"pattern": "^-"}));
                }
            }
            Shape::Number {
                is_integer,
                minimum,
                maximum,
            } => {
                set(
                    "type",
                    json!(if *is_integer { "integer" } else { "number" }),
                );
                set("minimum", json!(minimum));
                if let Some(maximum) = maximum {
                    set("maximum", json!(maximum));
                }
            }
            Shape::Flag => {
                set("type", json!("boolean"));
            }
        }
        for (name, value) in [
            (
                "description",
                self.description.as_ref().map(|text| json!(text)),
            ),
            ("enum", self.choices.as_ref().map(|choices| json!(choices))),
            ("default", self.default.clone()),
        ] {
            if let Some(value) = value {
                set(name, value);
            }
        }
        Value::Object(schema)
    }
}

impl Shape {
    fn has_type(&self, value: &Value) -> Result<(), String> {
        let (fits, name) = match self {
            Self::Text { .. } => (value.is_string(), "a string"),
            Self::Number {
                is_integer: true, ..
            } => (value.is_i64() || value.is_u64(), "an integer"),
            Self::Number { .. } => (value.is_number(), "a number"),
            Self::Flag => (value.is_boolean(), "true or false"),
        };
        if fits {
            // A NUL would end the argument early.
            match value.as_str() {
                Some(text) if text.contains('\0') => Err("must not hold a NUL".to_owned()),
                _ => Ok(()),
            }
        } else {
            Err(format!("expected {name}"))
        }
    }

    /// Whether a value of the right type is in range.
    fn holds(&self, value: &Value) -> Result<(), String> {
        match self {
            Self::Text {
                pattern,
                min_length,
                max_length,
                may_be_option,
            } => {
                let text = value.as_str().unwrap_or_default();
                if !may_be_option && text.starts_with('-') {
                    return Err(
                        "must not begin with `-`: it could be taken for an option".to_owned()
                    );
                }
                if !(*min_length..=*max_length).contains(&text.chars().count()) {
                    return Err(format!("expected {min_length} to {max_length} characters"));
                }
                match pattern {
                    Some(pattern) if !pattern.is_match(text) => {
                        Err("does not match the declared pattern".to_owned())
                    }
                    _ => Ok(()),
                }
            }
            Self::Number {
                minimum, maximum, ..
            } => {
                let number = value.as_f64().unwrap_or(f64::NAN);
                let maximum_or_more = maximum.unwrap_or(f64::INFINITY);
                if (*minimum..=maximum_or_more).contains(&number) {
                    return Ok(());
                }
                Err(match maximum {
                    Some(maximum) => format!("expected {minimum} to {maximum}"),
                    None => format!("expected at least {minimum}"),
                })
            }
            Self::Flag => Ok(()),
        }
    }
}
