//! The form with which an operation is tried. Hidden until the page's script makes it work.

use maud::{Markup, html};
use serde_json::Value;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::schema::{Schema, SchemaType};
use utoipa::openapi::{Components, Object, RefOr, Required, Type};

use super::schema::resolve;

/// A request's body to start from: what it shows, and the body.
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) body: String,
}

/// The form of `operation`, which goes by `name`, and by `id` on the page. `media` are the types among which
/// `Accept` chooses, `samples` the bodies to start from.
pub(super) fn form(
    name: &str,
    id: &str,
    operation: &Operation,
    media: &[&str],
    samples: &[Sample],
    components: &Components,
) -> Markup {
    let websocket = operation.responses.responses.contains_key("101");
    html! {
        form.try hidden data-websocket[websocket] aria-label={ "Try " (name) } {
            @for parameter in parameters(operation) {
                (control(id, parameter, components))
            }
            @if media.len() > 1 {
                div.control {
                    label for={ (id) "-accept" } { "Accept" }
                    select #{ (id) "-accept" } data-in="header" name="Accept" {
                        @for media in media { option { (media) } }
                    }
                }
            }
            @if samples.len() > 1 {
                div.control {
                    label for={ (id) "-sample" } { "Start from" }
                    select.sample #{ (id) "-sample" } {
                        @for sample in samples {
                            option value=(sample.body) { (sample.name) }
                        }
                    }
                }
            }
            @if let Some(sample) = samples.first() {
                div.control.is-wide {
                    label for={ (id) "-body" } { @if websocket { "Message" } @else { "Body" } }
                    textarea.body #{ (id) "-body" } rows=(sample.body.lines().count().clamp(3, 16)) spellcheck="false" { (sample.body) }
                }
            }
            div.try-buttons {
                @if websocket {
                    button.send.primary type="submit" { "Connect" }
                    @if !samples.is_empty() {
                        button.say type="button" disabled { "Send message" }
                    }
                    button.stop type="button" disabled { "Close" }
                } @else {
                    button.send.primary type="submit" { "Send" }
                    button.stop type="button" disabled { "Stop" }
                }
            }
        }
    }
}

/// The operation's own parameters.
pub(super) fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    let all = operation.parameters.iter().flatten();
    all.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
}

/// Where a parameter goes, in the words of the document.
pub(super) const fn place(parameter: &Parameter) -> &'static str {
    match parameter.parameter_in {
        ParameterIn::Path => "path",
        ParameterIn::Header => "header",
        ParameterIn::Cookie => "cookie",
        _ => "query",
    }
}

fn control(id: &str, parameter: &Parameter, components: &Components) -> Markup {
    let name = &parameter.name;
    let id = format!("{id}-{name}");
    let required = matches!(parameter.required, Required::True);
    let schema = parameter.schema.as_ref();
    let schema = schema.and_then(|schema| resolve(schema, components));
    html! {
        div.control {
            label for=(id) { (name) }
            @match choices(schema) {
                Some(values) => select #(id) name=(name) data-in=(place(parameter)) {
                    option value="" { "" }
                    @for value in values { option { (value) } }
                },
                None => input #(id) name=(name) data-in=(place(parameter)) required[required]
                    type=(input_type(schema)) placeholder=[default(schema)] autocomplete="off";,
            }
        }
    }
}

/// The values that a parameter can have, where they are few.
fn choices(schema: Option<&Schema>) -> Option<Vec<String>> {
    let object = as_object(schema)?;
    if object.schema_type == SchemaType::Type(Type::Boolean) {
        return Some(vec!["true".to_owned(), "false".to_owned()]);
    }
    let values = object.enum_values.as_ref()?.iter();
    Some(
        values
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    )
}

fn input_type(schema: Option<&Schema>) -> &'static str {
    match as_object(schema).map(|object| &object.schema_type) {
        Some(SchemaType::Type(Type::Integer)) => "number",
        _ => "text",
    }
}

fn default(schema: Option<&Schema>) -> Option<String> {
    as_object(schema)?
        .default
        .as_ref()
        .map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
}

const fn as_object(schema: Option<&Schema>) -> Option<&Object> {
    match schema {
        Some(Schema::Object(object)) => Some(object),
        _ => None,
    }
}
