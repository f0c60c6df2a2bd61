//! What a value can be, where the Rust type alone says it: the range of an unsigned integer, and
//! that a query parameter may be empty.

use serde_json::Value;
use utoipa::Number;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Components, Schema};
use utoipa::openapi::{KnownFormat, Object, OpenApi, RefOr, Required, Response, SchemaFormat};

use super::operations_mut;

/// Unsigned integers: the library's format, its registered name
/// (<https://spec.openapis.org/registry/format/>), and the largest value.
const WIDTHS: [(KnownFormat, &str, u64); 4] = [
    (KnownFormat::UInt8, "uint8", u8::MAX as u64),
    (KnownFormat::UInt16, "uint16", u16::MAX as u64),
    (KnownFormat::UInt32, "uint32", u32::MAX as u64),
    (KnownFormat::UInt64, "uint64", u64::MAX),
];

/// Says it in the schemas and the parameters.
pub(super) fn say(document: &mut OpenApi) {
    if let Some(Components { schemas, .. }) = document.components.as_mut() {
        schemas.values_mut().for_each(bound);
    }
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations_mut(item) {
            for parameter in operation.parameters.iter_mut().flatten() {
                if let RefOr::T(parameter) = parameter {
                    parameter.schema.iter_mut().for_each(bound);
                    allow_empty(parameter);
                }
            }
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    bound_headers(response);
                }
            }
        }
    }
}

fn bound_headers(response: &mut Response) {
    for header in response.headers.values_mut() {
        if let RefOr::T(header) = header {
            header.schema.iter_mut().for_each(bound);
        }
    }
}

/// An absent parameter may be there without a value ([`crate::api`]'s extractors).
fn allow_empty(parameter: &mut Parameter) {
    let optional = !matches!(parameter.required, Required::True);
    if optional && parameter.parameter_in == ParameterIn::Query {
        // The library has no field for it.
        parameter
            .extensions
            .get_or_insert_with(Extensions::default)
            .insert("allowEmptyValue".to_owned(), Value::Bool(true));
    }
}

/// Gives each unsigned integer below `schema` its largest value.
fn bound(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => bound_object(object),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                bound(items);
            }
        }
        Schema::OneOf(choice) => choice.items.iter_mut().for_each(bound),
        Schema::AnyOf(choice) => choice.items.iter_mut().for_each(bound),
        Schema::AllOf(parts) => parts.items.iter_mut().for_each(bound),
        _ => {}
    }
}

fn bound_object(object: &mut Object) {
    let named = WIDTHS
        .iter()
        .find(|(known, ..)| object.format == Some(SchemaFormat::KnownFormat(known.clone())));
    if let Some((_, name, most)) = named {
        object.format = Some(SchemaFormat::Custom((*name).to_owned()));
        object.maximum.get_or_insert_with(|| (*most).into());
        // The library writes it as a fraction.
        if object.minimum == Some(Number::Float(0.0)) {
            object.minimum = Some(Number::UInt(0));
        }
    }
    object.properties.values_mut().for_each(bound);
    if let Some(AdditionalProperties::RefOr(values)) = object.additional_properties.as_deref_mut() {
        bound(values);
    }
}

/// Whether `most` is just the largest value of an unsigned integer of this format.
pub(crate) fn is_largest(format: Option<&SchemaFormat>, most: &Number) -> bool {
    let Some(SchemaFormat::Custom(format)) = format else {
        return false;
    };
    let mut widths = WIDTHS.iter();
    widths.any(|(_, name, largest)| name == format && Number::from(*largest) == *most)
}
