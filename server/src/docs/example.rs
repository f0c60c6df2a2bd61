//! Examples: what an answer looks like, and the same request as curl.

use std::fmt::Write as _;

use serde_json::Value;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::schema::{ArrayItems, Schema, SchemaFormat, SchemaType};
use utoipa::openapi::{Components, Content, KnownFormat, Object, RefOr, Type};

use super::schema::resolve;

/// No answer is nested deeper. A schema may be recursive.
const DEEPEST: usize = 8;

/// What a body of this content looks like: its own example, or one made of its schema.
pub(super) fn of_content(content: &Content, components: &Components) -> Option<String> {
    match &content.example {
        Some(Value::String(text)) => Some(text.clone()),
        Some(value) => serde_json::to_string_pretty(value).ok(),
        None => {
            let schema = resolve(content.schema.as_ref()?, components)?;
            let mut json = String::new();
            write(schema, components, 0, &mut json);
            Some(json)
        }
    }
}

/// Writes a value of `schema`, its fields in the schema's order.
fn write(schema: &Schema, components: &Components, depth: usize, out: &mut String) {
    match schema {
        Schema::Object(object) => match given(object) {
            Some(value) => out.push_str(&value.to_string()),
            None => write_fields(object, components, depth, out),
        },
        Schema::Array(array) => {
            out.push('[');
            if let (ArrayItems::RefOrSchema(items), true) = (&array.items, depth < DEEPEST)
                && let Some(items) = resolve(items, components)
            {
                write(items, components, depth, out);
            }
            out.push(']');
        }
        // What may be null is null first, and so it is in most answers.
        Schema::OneOf(choice) => write_first(&choice.items, components, depth, out),
        Schema::AnyOf(choice) => write_first(&choice.items, components, depth, out),
        Schema::AllOf(parts) => write_first(&parts.items, components, depth, out),
        _ => out.push_str("null"),
    }
}

fn write_first(items: &[RefOr<Schema>], components: &Components, depth: usize, out: &mut String) {
    match items.first().and_then(|item| resolve(item, components)) {
        Some(schema) => write(schema, components, depth, out),
        None => out.push_str("null"),
    }
}

fn write_fields(object: &Object, components: &Components, depth: usize, out: &mut String) {
    if object.properties.is_empty() || depth >= DEEPEST {
        out.push_str("{}");
        return;
    }
    out.push_str("{\n");
    for (index, (name, schema)) in object.properties.iter().enumerate() {
        if index > 0 {
            out.push_str(",\n");
        }
        // Cannot fail: a String takes all that is written to it.
        let _ = write!(out, "{}\"{name}\": ", "  ".repeat(depth + 1));
        match resolve(schema, components) {
            Some(schema) => write(schema, components, depth + 1, out),
            None => out.push_str("null"),
        }
    }
    let _ = write!(out, "\n{}}}", "  ".repeat(depth));
}

/// A value that the schema names, or that suits its type; `None` for an object with fields.
fn given(object: &Object) -> Option<Value> {
    let named = object.example.clone().or_else(|| object.default.clone());
    let first = || object.enum_values.as_ref()?.first().cloned();
    if let Some(value) = named.or_else(first) {
        return Some(value);
    }
    let least = || serde_json::to_value(object.minimum.as_ref()?).ok();
    let SchemaType::Type(one) = &object.schema_type else {
        return Some(Value::Null);
    };
    match one {
        Type::Object => None,
        Type::String => Some(text(object).into()),
        Type::Integer | Type::Number => Some(least().unwrap_or_else(|| 0.into())),
        Type::Boolean => Some(false.into()),
        Type::Array => Some(Value::Array(Vec::new())),
        Type::Null => Some(Value::Null),
    }
}

fn text(object: &Object) -> &'static str {
    match &object.format {
        Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)) => {
            "019ab0f5-2f5c-7cc1-9d2a-4b7d3c1e8f60"
        }
        Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) => "2026-11-23T06:15:33.120Z",
        _ => "…",
    }
}

/// A request to `path` as a line for a shell, in which ids are variables.
pub(super) fn curl(
    origin: &str,
    method: &HttpMethod,
    path: &str,
    operation: &Operation,
    body: Option<&str>,
) -> String {
    let address = path.replace('{', "$").replace('}', "");
    if operation.responses.responses.contains_key("101") {
        let socket = origin.replacen("http", "ws", 1);
        return format!("websocat {socket}{address}");
    }
    let mut words = vec!["curl".to_owned()];
    // What curl does by itself: GET, and POST with a body.
    if !matches!(
        (method, body),
        (HttpMethod::Get, _) | (HttpMethod::Post, Some(_))
    ) {
        words.push(format!("-X {}", verb(method)));
    }
    words.push(format!("{origin}{address}"));
    if let Some(body) = body {
        words.push(format!("--json '{}'", body.replace('\'', r"'\''")));
    }
    words.join(" ")
}

/// A method's name on the wire.
pub(super) const fn verb(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Head => "HEAD",
        HttpMethod::Trace => "TRACE",
    }
}
