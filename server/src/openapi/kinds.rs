//! The kinds of task that this server runs: which there are, and what each wants as its payload.

use std::collections::BTreeMap;

use glassworks_engine::PayloadSchema;
use glassworks_protocol::KindInfo;
use serde_json::{Value, json};
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::schema::{Components, Discriminator, OneOf, Schema};
use utoipa::openapi::{Object, ObjectBuilder, OpenApi, Ref, RefOr, Type};

use super::shapes::type_name;

/// The schema of a task to be.
const NEW_TASK: &str = "NewTask";

/// The operation whose body is one.
const SUBMIT: &str = "submit_task";

/// Says of a task to be which payload each kind takes, and shows one of each.
pub(super) fn describe(document: &mut OpenApi, kinds: &[KindInfo], payloads: Vec<PayloadSchema>) {
    let Some(Components { schemas, .. }) = document.components.as_mut() else {
        return;
    };
    let Some(RefOr::T(Schema::Object(general))) = schemas.get(NEW_TASK).cloned() else {
        return;
    };
    let mut choice = OneOf::new();
    let mut discriminator = Discriminator::new("kind");
    for payload in payloads {
        let info = kinds.iter().find(|info| info.kind == payload.kind);
        let word = type_name(payload.kind);
        let payload_name = format!("{word}Payload");
        let task_name = format!("New{word}Task");
        let mut task = of_kind(general.clone(), &payload, &payload_name, info);
        task.title = Some(task_name.clone());
        let reference = Ref::from_schema_name(&task_name);
        let location = reference.ref_location.clone();
        discriminator
            .mapping
            .insert(payload.kind.to_owned(), location);
        choice.items.push(reference.into());
        schemas.extend(payload.referred);
        schemas.insert(payload_name, payload.schema);
        schemas.insert(task_name, Schema::Object(task).into());
    }
    if choice.items.is_empty() {
        return;
    }
    choice.description = general.description;
    choice.discriminator = Some(discriminator);
    schemas.insert(NEW_TASK.to_owned(), Schema::OneOf(choice).into());
    show(document, kinds);
}

/// A task of one kind: all that holds for every task, and what its payload is.
fn of_kind(
    mut task: Object,
    payload: &PayloadSchema,
    payload_name: &str,
    info: Option<&KindInfo>,
) -> Object {
    let kind = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([payload.kind]))
        .build();
    task.description = info.map(|info| info.description.clone());
    task.properties
        .insert("kind".to_owned(), Schema::Object(kind).into());
    let reference = Ref::from_schema_name(payload_name);
    task.properties
        .insert("payload".to_owned(), reference.into());
    // An absent payload is an empty object.
    let needs_none =
        matches!(&payload.schema, RefOr::T(Schema::Object(schema)) if schema.required.is_empty());
    if !needs_none {
        task.required.push("payload".to_owned());
    }
    task
}

/// Adds one example for each kind to the body of a submission.
fn show(document: &mut OpenApi, kinds: &[KindInfo]) {
    let submit = document
        .paths
        .paths
        .values_mut()
        .filter_map(|item| item.post.as_mut())
        .find(|operation| operation.operation_id.as_deref() == Some(SUBMIT));
    let Some(RefOr::T(body)) = submit.and_then(|submit| submit.request_body.as_mut()) else {
        return;
    };
    let examples: BTreeMap<String, RefOr<Example>> = kinds
        .iter()
        .map(|info| (info.kind.clone(), example(info).into()))
        .collect();
    for content in body.content.values_mut() {
        if let RefOr::T(content) = content {
            content.examples.clone_from(&examples);
        }
    }
}

fn example(info: &KindInfo) -> Example {
    let task: Value = json!({"kind": info.kind, "payload": info.example});
    ExampleBuilder::new()
        .summary(info.description.clone())
        .value(Some(task))
        .build()
}
