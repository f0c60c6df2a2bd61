//! What is said over a WebSocket, where programs look for it.
//!
//! OpenAPI has no words for such a connection. A route says in `x-websocket` what each side says; here
//! that becomes the content of its 101, so that generators and checkers find the messages, and
//! every other answer is said to be a problem.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::OneOf;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Schema};

use super::{PROBLEM_JSON, operations_mut};

/// Where a route says what is said on its WebSocket.
pub(crate) const WEBSOCKET: &str = "x-websocket";

/// Says of each WebSocket what its messages are.
pub(super) fn describe(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations_mut(item) {
            if let Some(messages) = messages(operation) {
                add(operation, messages);
            }
        }
    }
}

/// Any message of either side.
fn messages(operation: &Operation) -> Option<OneOf> {
    let said = operation.extensions.as_ref()?.get(WEBSOCKET)?;
    let mut either = OneOf::new();
    let sides = ["client", "server"].map(|side| said[side]["$ref"].as_str());
    either.items = sides.into_iter().flatten().map(reference).collect();
    Some(either)
}

fn reference(location: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::new(location))
}

fn add(operation: &mut Operation, messages: OneOf) {
    let responses = &mut operation.responses.responses;
    if let Some(RefOr::T(switching)) = responses.get_mut("101") {
        let frames = ContentBuilder::new()
            .schema(Some(Schema::OneOf(messages)))
            .build();
        let json = "application/json".to_owned();
        switching.content.insert(json, frames.into());
    }
    let problem = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    let other = ResponseBuilder::new()
        .description("No connection was made.")
        .content(PROBLEM_JSON, problem)
        .build();
    responses.insert("default".to_owned(), other.into());
}
