//! A JSON Schema (2020-12) as fields.
//!
//! It knows what payloads are made of: objects of numbers, texts, flags and enumerations. Whatever
//! else a schema says is asked for as JSON, and the engine has the last word on all of it.

use glassworks_protocol::pointer_step;
use serde_json::Value;

use super::fields::{Control, Field, as_typed};

/// The name of the field that stands for a whole payload whose schema lists no properties.
pub(super) const WHOLE: &str = "*";

/// What a payload of `schema` holds; `example` says what the form starts with.
pub(crate) fn payload_fields(schema: &Value, example: &Value) -> Vec<Field> {
    let root = resolve(schema, schema);
    let Some(properties) = root.get("properties").and_then(Value::as_object) else {
        return vec![whole(example)];
    };
    let required = root.get("required").and_then(Value::as_array);
    let mut fields: Vec<_> = properties
        .iter()
        .map(|(name, property)| {
            let required = required.is_some_and(|names| names.iter().any(|it| it == name));
            field(schema, name, property, required, example.get(name))
        })
        .collect();
    // What must be given comes first, then what the example gives; the names' order decides the
    // rest.
    let by_need = |field: &Field| match (field.required, field.initial.is_empty()) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 2,
    };
    fields.sort_by_key(by_need);
    fields
}

/// The field for a whole payload, which starts with `example`.
pub(super) fn whole(example: &Value) -> Field {
    Field {
        name: format!("payload[{WHOLE}]"),
        pointer: "/payload".to_owned(),
        label: "payload".to_owned(),
        help: Some("The whole payload, as JSON.".to_owned()),
        control: Control::Json,
        required: true,
        initial: as_typed(example),
    }
}

fn field(
    root: &Value,
    name: &str,
    property: &Value,
    required: bool,
    example: Option<&Value>,
) -> Field {
    let (shape, nullable) = strip_null(root, resolve(root, property));
    let required = required && !nullable;
    let text = |key| {
        [property, shape]
            .into_iter()
            .find_map(|schema| schema.get(key).and_then(Value::as_str))
    };
    Field {
        name: format!("payload[{name}]"),
        pointer: format!("/payload/{}", pointer_step(name)),
        label: name.to_owned(),
        help: text("description").map(|help| help.split_whitespace().collect::<Vec<_>>().join(" ")),
        control: control(shape, required),
        required,
        initial: example.map(as_typed).unwrap_or_default(),
    }
}

fn control(shape: &Value, required: bool) -> Control {
    if let Some(values) = choices(shape) {
        return Control::Choice(values);
    }
    match type_of(shape) {
        Some(kind @ ("integer" | "number")) => Control::Number {
            integer: kind == "integer",
            least: bound(shape, "minimum"),
            most: bound(shape, "maximum"),
        },
        Some("string") => Control::Text,
        Some("boolean") if required => Control::Flag,
        // Not given is a third answer, which a checkbox cannot give.
        Some("boolean") => Control::Choice(vec![Value::Bool(true), Value::Bool(false)]),
        _ => Control::Json,
    }
}

fn bound(shape: &Value, key: &str) -> Option<String> {
    shape
        .get(key)
        .filter(|value| value.is_number())
        .map(as_typed)
}

/// The values of an enumeration, in any of the three ways a schema can write one.
fn choices(shape: &Value) -> Option<Vec<Value>> {
    if let Some(values) = shape.get("enum").and_then(Value::as_array) {
        return Some(
            values
                .iter()
                .filter(|value| !value.is_null())
                .cloned()
                .collect(),
        );
    }
    if let Some(value) = shape.get("const") {
        return Some(vec![value.clone()]);
    }
    let alternatives = shape.get("oneOf").and_then(Value::as_array)?;
    alternatives
        .iter()
        .map(
            |one| match one.get("enum").and_then(Value::as_array).map(Vec::as_slice) {
                Some([value]) => Some(value.clone()),
                _ => one.get("const").cloned(),
            },
        )
        .collect()
}

/// Follows references within the schema; one that leads nowhere, or in a circle, stays as it is.
fn resolve<'a>(root: &'a Value, mut schema: &'a Value) -> &'a Value {
    for _ in 0..16 {
        let target = match (
            schema.get("$ref").and_then(Value::as_str),
            schema.get("allOf"),
        ) {
            (Some(reference), _) => reference
                .strip_prefix('#')
                .and_then(|pointer| root.pointer(pointer)),
            (None, Some(Value::Array(parts))) if parts.len() == 1 => parts.first(),
            _ => None,
        };
        match target {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
}

/// The schema without the alternative of null, and whether it had that.
fn strip_null<'a>(root: &'a Value, schema: &'a Value) -> (&'a Value, bool) {
    for key in ["oneOf", "anyOf"] {
        if let Some([one, other]) = schema.get(key).and_then(Value::as_array).map(Vec::as_slice) {
            if is_null(one) {
                return (resolve(root, other), true);
            }
            if is_null(other) {
                return (resolve(root, one), true);
            }
        }
    }
    let nullable = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().any(|one| one == "null"),
        _ => false,
    };
    (schema, nullable)
}

/// The one type that values have, null apart.
fn type_of(shape: &Value) -> Option<&str> {
    match shape.get("type")? {
        Value::Array(types) => {
            let mut others = types
                .iter()
                .filter_map(Value::as_str)
                .filter(|one| *one != "null");
            others.next().filter(|_| others.next().is_none())
        }
        one => one.as_str(),
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fields::{Control, Field};
    use super::payload_fields;

    fn only_field(property: &serde_json::Value) -> Field {
        let schema = json!({
            "type": "object",
            "properties": { "it": property },
            "required": ["it"],
            "$defs": { "Mode": { "type": "string", "enum": ["fast", "slow"] } },
        });
        payload_fields(&schema, &json!({})).remove(0)
    }

    #[test]
    fn numbers_keep_their_bounds() {
        let field = only_field(&json!({
            "type": "integer", "minimum": 1, "maximum": 60, "description": "How\n long."
        }));
        assert_eq!(
            field.control,
            Control::Number {
                integer: true,
                least: Some("1".to_owned()),
                most: Some("60".to_owned())
            }
        );
        assert_eq!(field.help.as_deref(), Some("How long."));
        assert!(field.required);
    }

    #[test]
    fn an_option_is_not_required_however_it_is_written() {
        let written = [
            json!({ "type": ["string", "null"] }),
            json!({ "oneOf": [{ "type": "null" }, { "$ref": "#/$defs/Mode" }] }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
        ];
        for property in written {
            let field = only_field(&property);
            assert!(!field.required, "{property}");
            assert_ne!(field.control, Control::Json, "{property}");
        }
    }

    #[test]
    fn enumerations_are_choices_however_they_are_written() {
        let written = [
            json!({ "enum": ["fast", "slow"] }),
            json!({ "$ref": "#/$defs/Mode" }),
            json!({ "allOf": [{ "$ref": "#/$defs/Mode" }] }),
            json!({ "oneOf": [{ "const": "fast" }, { "type": "string", "enum": ["slow"] }] }),
        ];
        for property in written {
            let expected = Control::Choice(vec![json!("fast"), json!("slow")]);
            assert_eq!(only_field(&property).control, expected, "{property}");
        }
    }

    #[test]
    fn a_flag_that_may_be_left_out_has_three_answers() {
        assert_eq!(
            only_field(&json!({ "type": "boolean" })).control,
            Control::Flag
        );
        assert_eq!(
            only_field(&json!({ "type": ["boolean", "null"] })).control,
            Control::Choice(vec![json!(true), json!(false)])
        );
    }

    #[test]
    fn what_is_nested_or_unknown_is_asked_for_as_json() {
        for property in [
            json!({ "type": "array" }),
            json!({ "type": "object" }),
            json!(true),
        ] {
            assert_eq!(only_field(&property).control, Control::Json, "{property}");
        }
        let whole = payload_fields(&json!({}), &json!({ "a": 1 }));
        assert_eq!(whole[0].pointer, "/payload");
        assert_eq!(whole[0].initial, "{\n  \"a\": 1\n}");
    }

    #[test]
    fn a_circle_of_references_ends() {
        let schema = json!({ "$ref": "#" });
        assert_eq!(
            payload_fields(&schema, &json!({}))[0].control,
            Control::Json
        );
    }

    #[test]
    fn the_example_fills_the_form() {
        let schema = json!({ "properties": {
            "seconds": { "type": "number" }, "a_note": { "type": "string" }
        }, "required": ["seconds"] });
        let fields = payload_fields(&schema, &json!({ "seconds": 2.5 }));
        let shown: Vec<_> = fields
            .iter()
            .map(|f| (f.label.as_str(), f.initial.as_str()))
            .collect();
        assert_eq!(shown, [("seconds", "2.5"), ("a_note", "")]);
    }
}
