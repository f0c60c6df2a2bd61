//! What was typed, as a task.

use std::collections::BTreeMap;

use glassworks_protocol::{FieldError, JsonText, NewTask};
use serde_json::Value;

use super::Form;
use super::fields::{Control, Field, as_typed};
use super::number::number;
use super::options::set_options;
use super::schema::WHOLE;
use super::typed::Typed;

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
    match members(fields, typed, errors) {
        // Cannot fail: its keys are strings.
        Ok(members) => JsonText::of(&members).unwrap_or_else(|_| JsonText::empty_object()),
        Err(whole) => whole,
    }
}

/// What was typed into each field, by the names of a payload's members; as an error, what was typed
/// as the whole of it.
pub(super) fn members<'a>(
    fields: &'a [Field],
    typed: &Typed,
    errors: &mut Vec<FieldError>,
) -> Result<BTreeMap<&'a str, JsonText>, JsonText> {
    let mut object = BTreeMap::new();
    for field in fields {
        let key = field
            .name
            .trim_start_matches("payload[")
            .trim_end_matches(']');
        match value(field, typed.get(&field.name)) {
            Ok(Some(value)) if key == WHOLE => return Err(value),
            Ok(Some(value)) => {
                object.insert(key, value);
            }
            Ok(None) => {}
            Err(detail) => errors.push(field.error(detail)),
        }
    }
    Ok(object)
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

#[cfg(test)]
mod tests {
    use super::new_task;
    use crate::form::{Form, Typed};
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
    fn digits_stay_as_they_were_typed() {
        let task = submitted(&[
            ("payload[seconds]", "0.12345678901234567890"),
            ("payload[more]", "{\"b\": 18446744073709551616, \"a\": 1.0}"),
        ])
        .unwrap();
        let more =
            r#""more":{"b": 18446744073709551616, "a": 1.0},"seconds":0.12345678901234567890"#;
        assert_eq!(task.payload.get(), format!("{{\"loud\":false,{more}}}"));
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
}
