//! The form of an experiment: its parameters, and what was typed as a task of the lab.

use glassworks_protocol::{FieldError, JsonText, NewTask};
use serde_json::{Map, Value};

use super::Typed;
use super::fields::Field;
use super::schema::payload_fields;
use super::task::members;

/// What can be set before an experiment is run, by the schema of its parameters; each starts with
/// its default.
pub(crate) fn experiment_fields(schema: &Value) -> Vec<Field> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let defaults: Map<String, Value> = properties
        .into_iter()
        .flatten()
        .filter_map(|(name, property)| Some((name.clone(), property.get("default")?.clone())))
        .collect();
    let mut fields = payload_fields(schema, &Value::Object(defaults));
    fields.retain(|field| field.label != "experiment");
    for field in &mut fields {
        // With its default in it, an empty one is a mistake.
        field.required = true;
    }
    fields
}

/// The task that runs the experiment with what was typed. What is as it would be anyway is left out.
/// Its tag tells its runs from those of other experiments.
pub(crate) fn experiment_task(
    name: &str,
    fields: &[Field],
    typed: &Typed,
) -> Result<NewTask, Vec<FieldError>> {
    let is_changed = |field: &&Field| {
        typed
            .get(&field.name)
            .is_some_and(|text| text.trim() != field.initial)
    };
    let changed: Vec<Field> = fields.iter().filter(is_changed).cloned().collect();
    let mut errors = Vec::new();
    let mut payload = members(&changed, typed, &mut errors).unwrap_or_default();
    if !errors.is_empty() {
        return Err(errors);
    }
    payload.insert("experiment", Value::String(name.to_owned()).into());
    // Cannot fail: its keys are strings.
    let payload = JsonText::of(&payload).unwrap_or_else(|_| JsonText::empty_object());
    Ok(NewTask {
        max_attempts: Some(1),
        tags: vec![name.to_owned()],
        ..NewTask::new("lab", payload)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{experiment_fields, experiment_task};
    use crate::form::Typed;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn only_what_was_changed_is_sent() {
        let schema = json!({ "type": "object", "properties": {
            "work_ms": { "type": "integer", "default": 1000 },
            "flavour": { "enum": ["current_thread", "multi_thread"], "default": "current_thread" },
            "experiment": { "enum": ["blocking"] },
        }});
        let fields = experiment_fields(&schema);
        let initial: Vec<_> = fields.iter().map(|field| field.initial.as_str()).collect();
        assert_eq!(initial, ["current_thread", "1000"]);
        let sent = typed(&[
            ("payload[work_ms]", "300"),
            ("payload[flavour]", "current_thread"),
        ]);
        let task = experiment_task("blocking", &fields, &sent).unwrap();
        assert_eq!(
            task.payload,
            json!({"experiment": "blocking", "work_ms": 300})
        );
        assert_eq!(task.tags, ["blocking"]);
        let wrong = typed(&[("payload[work_ms]", "long")]);
        let errors = experiment_task("blocking", &fields, &wrong).unwrap_err();
        assert_eq!(errors[0].pointer, "/payload/work_ms");
    }
}
