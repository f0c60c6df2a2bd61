//! What was typed, as a task.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use glassworks_protocol::{FieldError, JsonText, NewTask};
use serde_json::{Number, Value};

use super::Form;
use super::fields::{Control, Field, as_typed};
use super::options::set_options;
use super::schema::WHOLE;
use crate::json;

/// What was typed into a form's controls, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed(Vec<(String, String)>);

impl Typed {
    /// What the form starts with: the defaults of `form`.
    pub(crate) fn initial(form: &Form) -> Self {
        form.payload
            .iter()
            .chain(&form.options)
            .map(|field| (field.name.clone(), field.initial.clone()))
            .collect()
    }

    /// What was sent by a form: its payload and its options, each by the name in the brackets.
    #[cfg(feature = "ssr")]
    pub(crate) fn sent(
        payload: &BTreeMap<String, String>,
        options: &BTreeMap<String, String>,
    ) -> Self {
        let payload = payload
            .iter()
            .map(|(key, value)| (format!("payload[{key}]"), value));
        let options = options
            .iter()
            .map(|(key, value)| (format!("options[{key}]"), value));
        payload
            .chain(options)
            .map(|(name, value)| (name, value.clone()))
            .collect()
    }

    /// What was typed into the control of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether anything was typed at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The filled controls, for a query string, up to about `bytes`: what would not fit is left
    /// out, the longest first.
    #[cfg(any(feature = "ssr", test))]
    pub(crate) fn fitting(&self, bytes: usize) -> Vec<(&str, &str)> {
        let mut pairs: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pairs.sort_by_key(|(name, value)| name.len() + value.len());
        let mut left = bytes;
        pairs.retain(|(name, value)| {
            // Percent encoding makes three bytes of one at worst.
            let cost = 3 * (name.len() + value.len()) + 2;
            let fits = cost <= left;
            if fits {
                left -= cost;
            }
            fits
        });
        pairs
    }
}

impl FromIterator<(String, String)> for Typed {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// The task that was typed, or what cannot be understood and where. Whether the values are
/// acceptable is for the engine to say.
pub(crate) fn new_task(kind: &str, form: &Form, typed: &Typed) -> Result<NewTask, Vec<FieldError>> {
    let mut errors = Vec::new();
    let payload = payload(&form.payload, typed, &mut errors);
    let mut task = NewTask::new(kind, payload);
    set_options(&mut task, typed, &mut errors);
    if errors.is_empty() {
        Ok(task)
    } else {
        Err(errors)
    }
}

fn payload(fields: &[Field], typed: &Typed, errors: &mut Vec<FieldError>) -> JsonText {
    let mut object = BTreeMap::new();
    for field in fields {
        let key = field
            .name
            .trim_start_matches("payload[")
            .trim_end_matches(']');
        match value(field, typed.get(&field.name)) {
            Ok(Some(value)) if key == WHOLE => return value,
            Ok(Some(value)) => {
                object.insert(key, value);
            }
            Ok(None) => {}
            Err(detail) => errors.push(field.error(detail)),
        }
    }
    // Cannot fail: its keys are strings.
    JsonText::of(&object).unwrap_or_else(|_| JsonText::empty_object())
}

/// The value of one field; none when it is left out.
fn value(field: &Field, typed: Option<&str>) -> Result<Option<JsonText>, String> {
    let text = typed.unwrap_or_default();
    let trimmed = text.trim();
    match &field.control {
        // Browsers send nothing for a box that is not ticked.
        Control::Flag => return Ok(Some(Value::Bool(!trimmed.is_empty()).into())),
        // A required text may be empty; an optional one that is empty is left out.
        Control::Text if field.required => {
            return Ok(Some(Value::String(text.to_owned()).into()));
        }
        _ => {}
    }
    if trimmed.is_empty() {
        return if field.required {
            Err("must be given".to_owned())
        } else {
            Ok(None)
        };
    }
    let value = match &field.control {
        Control::Number { integer, .. } => {
            number(trimmed, *integer)?;
            // As it was typed: to read it may have cost digits.
            as_json(trimmed)?
        }
        Control::Text | Control::Flag => Value::String(text.to_owned()).into(),
        Control::Choice(values) => values
            .iter()
            .find(|value| as_typed(value) == trimmed)
            .map(|value| value.clone().into())
            .ok_or_else(|| format!("`{trimmed}` is not one of the choices"))?,
        Control::Json => as_json(trimmed)?,
    };
    Ok(Some(value))
}

fn as_json(text: &str) -> Result<JsonText, String> {
    JsonText::parse(text.to_owned()).map_err(|error| format!("is not JSON: {error}"))
}

/// A number; a whole one stays whole, so that `5` does not travel as `5.0`.
fn number(text: &str, must_be_whole: bool) -> Result<Number, String> {
    // As JSON writes it.
    match serde_json::from_str(text) {
        Ok(Value::Number(number)) => {
            if must_be_whole && !(number.is_u64() || number.is_i64()) {
                return Err(format!("`{text}` is not a whole number"));
            }
            Ok(number)
        }
        _ => Err(format!("`{text}` is not a number")),
    }
}

/// A whole number that fits where it goes.
pub(super) fn integer<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not a whole number that fits here"))
}

/// Seconds, as they are typed, in milliseconds, as they travel.
pub(super) fn millis(text: &str) -> Result<u64, String> {
    json::float(&number(text, false)?)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .and_then(|time| u64::try_from(time.as_millis()).ok())
        .ok_or_else(|| format!("`{text}` is not a number of seconds"))
}

#[cfg(test)]
mod tests {
    use super::{Typed, new_task};
    use crate::form::Form;
    use glassworks_protocol::{KindInfo, NewTask};
    use serde_json::{Value, json};

    fn form() -> Form {
        Form::of(&KindInfo {
            kind: "sleep".to_owned(),
            description: String::new(),
            schema: json!({
                "type": "object",
                "properties": {
                    "seconds": { "type": "number" },
                    "steps": { "type": ["integer", "null"] },
                    "note": { "type": ["string", "null"] },
                    "loud": { "type": "boolean" },
                    "mode": { "enum": ["fast", "slow"] },
                    "more": { "type": "object" },
                },
                "required": ["seconds", "loud"],
            }),
            example: json!({ "seconds": 5 }),
        })
    }

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn submitted(pairs: &[(&str, &str)]) -> Result<NewTask, Vec<String>> {
        new_task("sleep", &form(), &typed(pairs))
            .map_err(|errors| errors.into_iter().map(|error| error.pointer).collect())
    }

    #[test]
    fn only_what_was_typed_is_sent() {
        let task = submitted(&[
            ("payload[seconds]", " 5 "),
            ("payload[steps]", ""),
            ("payload[note]", ""),
            ("options[queue]", ""),
        ]);
        let expected = NewTask::new("sleep", json!({ "seconds": 5, "loud": false }));
        assert_eq!(task, Ok(expected));
    }

    #[test]
    fn each_sort_of_field_becomes_its_value() {
        let task = submitted(&[
            ("payload[seconds]", "2.5"),
            ("payload[steps]", "10"),
            ("payload[note]", "007"),
            ("payload[loud]", "true"),
            ("payload[mode]", "slow"),
            ("payload[more]", "{\"a\": [1]}"),
        ])
        .unwrap();
        let expected: Value = json!({
            "seconds": 2.5, "steps": 10, "note": "007", "loud": true, "mode": "slow",
            "more": { "a": [1] },
        });
        assert_eq!(task.payload, expected);
    }

    #[test]
    fn options_travel_in_their_units() {
        let task = submitted(&[
            ("payload[seconds]", "1"),
            ("options[priority]", "0"),
            ("options[delay_ms]", "1.5"),
            ("options[timeout_ms]", "60"),
            ("options[tags]", "a, b,,"),
        ])
        .unwrap();
        assert_eq!(task.priority, Some(0));
        assert_eq!(task.delay_ms, Some(1_500));
        assert_eq!(task.timeout_ms, Some(60_000));
        assert_eq!(task.tags, ["a", "b"]);
    }

    #[test]
    fn everything_that_is_not_understood_is_named_at_once() {
        let errors = submitted(&[
            ("payload[seconds]", "long"),
            ("payload[steps]", "1.5"),
            ("payload[mode]", "odd"),
            ("payload[more]", "{"),
            ("options[max_attempts]", "-1"),
            ("options[delay_ms]", "-1"),
        ]);
        let expected = [
            "/payload/seconds",
            "/payload/mode",
            "/payload/more",
            "/payload/steps",
            "/max_attempts",
            "/delay_ms",
        ];
        let mut errors = errors.unwrap_err();
        errors.sort();
        let mut expected = expected.map(str::to_owned).to_vec();
        expected.sort();
        assert_eq!(errors, expected);
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(submitted(&[]).unwrap_err(), ["/payload/seconds"]);
    }

    #[test]
    fn a_query_string_keeps_what_fits() {
        let long = "x".repeat(10_000);
        let typed = typed(&[
            ("payload[a]", "1"),
            ("payload[b]", &long),
            ("payload[c]", "2"),
        ]);
        let kept: Vec<_> = typed
            .fitting(4_000)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(kept, ["payload[a]", "payload[c]"]);
    }
}
