//! A schema as a tree to read: each field with its type, its limits and what it means.

use maud::{Markup, html};
use serde_json::Value;
use utoipa::Number;
use utoipa::openapi::schema::{ArrayItems, Schema, SchemaFormat, SchemaType};
use utoipa::openapi::{Array, Components, KnownFormat, Object, RefOr, Type};

use super::text;
use crate::openapi::ranges;

/// Where names lead.
const SCHEMAS: &str = "#/components/schemas/";

/// The name in a reference to a schema.
pub(super) fn name(location: &str) -> &str {
    location.strip_prefix(SCHEMAS).unwrap_or(location)
}

/// The id of a schema's section on the page.
pub(super) fn anchor(name: &str) -> String {
    format!("schema-{name}")
}

/// What `schema` stands for; `None` for what is not in the document.
pub(super) fn resolve<'a>(
    schema: &'a RefOr<Schema>,
    components: &'a Components,
) -> Option<&'a Schema> {
    match schema {
        RefOr::T(schema) => Some(schema),
        RefOr::Ref(reference) => resolve(
            components.schemas.get(name(&reference.ref_location))?,
            components,
        ),
    }
}

/// The fields of a schema, or its variants with theirs.
pub(super) fn tree(schema: &Schema, components: &Components) -> Markup {
    match schema {
        Schema::Object(object) if !object.properties.is_empty() => fields(object),
        Schema::OneOf(choice) => variants(&choice.items, components),
        Schema::AnyOf(choice) => variants(&choice.items, components),
        Schema::AllOf(parts) => html! {
            @for part in &parts.items {
                @if let RefOr::T(part) = part { (tree(part, components)) }
            }
        },
        other => html! { p.type { (kind(&RefOr::T(other.clone()))) (limits(other)) } },
    }
}

fn fields(object: &Object) -> Markup {
    html! {
        dl.fields {
            @for (name, schema) in &object.properties {
                (field(name, schema, object.required.contains(name)))
            }
        }
    }
}

/// One field, parameter or header.
pub(super) fn field(name: &str, schema: &RefOr<Schema>, required: bool) -> Markup {
    html! {
        dt {
            code.name { (name) } " "
            span.type { (kind(schema)) }
            @if required { " " span.required { "required" } }
        }
        dd {
            @if let Some(description) = description(schema) { p { (text::line(description)) } }
            @if let RefOr::T(schema) = schema {
                (limits(schema))
                @if let Schema::Object(object) = schema {
                    @if !object.properties.is_empty() { (fields(object)) }
                }
            }
        }
    }
}

fn variants(items: &[RefOr<Schema>], components: &Components) -> Markup {
    html! {
        @for item in items {
            @match resolve(item, components) {
                Some(Schema::Object(object)) if !object.properties.is_empty() => {
                    details.variant {
                        summary {
                            code { (title(object)) }
                            @if let Some(description) = &object.description {
                                " " span.quiet { (text::line(description)) }
                            }
                        }
                        (fields(object))
                    }
                },
                _ => p.type { (kind(item)) },
            }
        }
    }
}

/// What tells one variant from the others: the one value of its first such field, or its title.
fn title(object: &Object) -> String {
    let only_value = |schema: &RefOr<Schema>| match schema {
        RefOr::T(Schema::Object(field)) => match field.enum_values.as_deref() {
            Some([Value::String(value)]) => Some(value.clone()),
            _ => None,
        },
        _ => None,
    };
    let told_by_value = || object.properties.values().find_map(only_value);
    let title = told_by_value().or_else(|| object.title.clone());
    title.unwrap_or_else(|| "object".to_owned())
}

/// A schema's type in a few words, with a link where it has a name.
pub(super) fn kind(schema: &RefOr<Schema>) -> Markup {
    match schema {
        RefOr::Ref(reference) => {
            let name = name(&reference.ref_location);
            html! { a href={ "#" (anchor(name)) } { (name) } }
        }
        RefOr::T(Schema::Array(array)) => list(array),
        RefOr::T(Schema::OneOf(choice)) => either(&choice.items),
        RefOr::T(Schema::AnyOf(choice)) => either(&choice.items),
        RefOr::T(Schema::Object(object)) => html! { (words(object)) },
        RefOr::T(_) => html! { "object" },
    }
}

fn list(array: &Array) -> Markup {
    html! {
        "list of "
        @match &array.items {
            ArrayItems::RefOrSchema(items) => (kind(items)),
            ArrayItems::False => "anything",
        }
    }
}

fn either(items: &[RefOr<Schema>]) -> Markup {
    // What may be null has null as its first variant.
    let (null, others): (Vec<_>, Vec<_>) = items.iter().partition(|item| is_null(item));
    html! {
        @for (index, item) in others.iter().enumerate() {
            @if index > 0 { " or " }
            (kind(item))
        }
        @if !null.is_empty() { " or null" }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}

fn words(object: &Object) -> String {
    let types = match &object.schema_type {
        SchemaType::AnyValue => "anything".to_owned(),
        SchemaType::Type(one) => word(one).to_owned(),
        SchemaType::Array(several) => {
            let words: Vec<_> = several.iter().map(word).collect();
            words.join(" or ")
        }
    };
    match &object.format {
        Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) => format!("{types} (RFC 3339)"),
        Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)) => format!("{types} (UUID)"),
        // How wide a number is stored says nothing that its limits do not.
        _ => types,
    }
}

const fn word(of: &Type) -> &'static str {
    match of {
        Type::Object => "object",
        Type::String => "string",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::Boolean => "true or false",
        Type::Array => "list",
        Type::Null => "null",
    }
}

/// Its description, its own or that of the place that refers to it.
pub(super) fn description(schema: &RefOr<Schema>) -> Option<&str> {
    match schema {
        RefOr::Ref(reference) => {
            Some(reference.description.as_str()).filter(|text| !text.is_empty())
        }
        RefOr::T(Schema::Object(object)) => object.description.as_deref(),
        RefOr::T(Schema::Array(array)) => array.description.as_deref(),
        // What may be null says it of the one that it is otherwise.
        RefOr::T(Schema::OneOf(choice)) => {
            let own = choice.description.as_deref();
            own.or_else(|| choice.items.first().and_then(description))
        }
        RefOr::T(Schema::AnyOf(choice)) => choice.description.as_deref(),
        RefOr::T(Schema::AllOf(parts)) => parts.description.as_deref(),
        RefOr::T(_) => None,
    }
}

/// What a value has to keep to, and what it is when it is absent.
pub(super) fn limits(schema: &Schema) -> Markup {
    let limits = match schema {
        Schema::Object(object) => of_object(object),
        Schema::Array(array) => array
            .max_items
            .map(|most| format!("at most {most}"))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    };
    html! {
        @if !limits.is_empty() { p.limits { (text::line(&limits.join(" · "))) } }
    }
}

fn of_object(object: &Object) -> Vec<String> {
    let mut limits = Vec::new();
    if let Some(values) = &object.enum_values {
        let values: Vec<_> = values.iter().map(shown).collect();
        limits.push(format!("one of {}", values.join(", ")));
    }
    // What its sort of number cannot exceed anyway is no limit that anybody would meet.
    let unsigned = words(object).contains("integer") && object.minimum == Some(Number::UInt(0));
    let most = object.maximum.as_ref();
    let most = most.filter(|most| !ranges::is_largest(object.format.as_ref(), most));
    let bound = |number: &Number| serde_json::to_string(number).unwrap_or_default();
    match (&object.minimum, most) {
        (Some(least), Some(most)) => limits.push(format!("{} to {}", bound(least), bound(most))),
        (Some(least), None) if !unsigned => limits.push(format!("at least {}", bound(least))),
        (None, Some(most)) => limits.push(format!("at most {}", bound(most))),
        _ => {}
    }
    match (object.min_length, object.max_length) {
        (Some(least), Some(most)) => limits.push(format!("{least} to {most} characters")),
        (Some(least), None) => limits.push(format!("at least {least} characters")),
        (None, Some(most)) => limits.push(format!("at most {most} characters")),
        (None, None) => {}
    }
    if let Some(pattern) = &object.pattern {
        limits.push(format!("matches `{pattern}`"));
    }
    if let Some(default) = &object.default {
        limits.push(format!("{} when absent", shown(default)));
    }
    limits
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}
