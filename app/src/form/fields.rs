//! One thing that a form asks for.

use glassworks_protocol::FieldError;
use serde_json::Value;

/// One thing that a form asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// The name of its control: `payload[seconds]`, `options[queue]`.
    pub(crate) name: String,
    /// Where it goes in the task, as a JSON Pointer: `/payload/seconds`, `/queue`.
    pub(crate) pointer: String,
    /// What it is called.
    pub(crate) label: String,
    /// What it means.
    pub(crate) help: Option<String>,
    /// How it is asked for.
    pub(crate) control: Control,
    /// Whether a task needs it.
    pub(crate) required: bool,
    /// What the form starts with.
    pub(crate) initial: String,
}

/// How something is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Control {
    /// A number, with its bounds as they are written in HTML.
    Number {
        /// Only whole numbers.
        integer: bool,
        /// The least, when there is one.
        least: Option<String>,
        /// The most, when there is one.
        most: Option<String>,
    },
    /// A line of text.
    Text,
    /// Yes or no.
    Flag,
    /// One of these values.
    Choice(Vec<Value>),
    /// Anything else, as JSON.
    Json,
}

impl Field {
    /// The id of its control in the document.
    pub(crate) fn id(&self) -> String {
        let mut id = String::from("field");
        for part in self.pointer.split('/').filter(|part| !part.is_empty()) {
            id.push('-');
            id.push_str(part);
        }
        id
    }

    /// Whether `error` is about this field or something within it.
    pub(crate) fn is_meant_by(&self, error: &FieldError) -> bool {
        error
            .pointer
            .strip_prefix(&self.pointer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// An error about this field.
    pub(super) fn error(&self, detail: impl Into<String>) -> FieldError {
        FieldError::new(&self.pointer, detail)
    }
}

/// A value as it is typed: text without its quotes, anything else as JSON.
pub(crate) fn as_typed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(_) | Value::Object(_) => {
            serde_json::to_string_pretty(value).unwrap_or_default()
        }
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}
