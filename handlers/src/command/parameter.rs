//! What a program may be given: declared by the operator, checked at submission.

use glassworks_protocol::JsonText;
use serde::Deserialize;
use serde_json::{Value, json};

use super::shape::{Pattern, Shape};

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
                pattern: declared.pattern.map(Pattern::read).transpose()?,
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

    /// What was given as it stands on the command line: a number with the digits it came with.
    pub(super) fn given(&self, json: &JsonText) -> Result<String, String> {
        let value: Value = json.read().map_err(|error| error.to_string())?;
        let argument = self.argument(&value)?;
        Ok(match value {
            Value::Number(_) => json.get().to_owned(),
            _ => argument,
        })
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
        let first = self.choices.as_ref().and_then(|choices| choices.first());
        let known = self.default.as_ref().or(first).cloned();
        let value = known.unwrap_or_else(|| self.shape.example());
        self.argument(&value).is_ok().then_some(value)
    }

    /// Its JSON Schema.
    pub(super) fn schema(&self) -> Value {
        let mut schema = match &self.choices {
            Some(choices) => json!({ "enum": choices }),
            None => Value::Object(self.shape.range()),
        };
        schema["type"] = json!(self.shape.type_name());
        if let Some(description) = &self.description {
            schema["description"] = json!(description);
        }
        if let Some(default) = &self.default {
            schema["default"] = default.clone();
        }
        schema
    }
}
