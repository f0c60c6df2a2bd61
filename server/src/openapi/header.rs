//! A request's header, as the document describes it.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Required, Schema};

/// An optional header of text. `text` is its schema, `Type::String` already said.
pub(crate) fn optional(
    name: &str,
    description: &str,
    text: impl FnOnce(ObjectBuilder) -> ObjectBuilder,
) -> Parameter {
    let schema = text(ObjectBuilder::new().schema_type(Type::String)).build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(Schema::Object(schema)))
        .build()
}
