//! The kinds of task that this server runs: which there are, and what each wants as its payload.

use std::collections::BTreeMap;

use glassworks_engine::PayloadSchema;
use glassworks_protocol::KindInfo;
use serde_json::{Value, json};
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::schema::{AllOf, Components, OneOf, Schema};
use utoipa::openapi::{Object, ObjectBuilder, OpenApi, Ref, RefOr, Type};

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
    for payload in payloads {
        let info = kinds.iter().find(|info| info.kind == payload.kind);
        let name = format!("payload.{}", payload.kind);
        let of_kind = of_kind(&payload, &name, info);
        choice.items.push(Schema::Object(of_kind).into());
        schemas.extend(payload.referred);
        schemas.insert(name, payload.schema);
    }
    if choice.items.is_empty() {
        return;
    }
    let mut task = AllOf::new();
    task.description.clone_from(&general.description);
    task.items = vec![Schema::Object(general).into(), Schema::OneOf(choice).into()];
    schemas.insert(NEW_TASK.to_owned(), Schema::AllOf(task).into());
    show(document, kinds);
}

/// A task of one kind: what holds beside all that holds for every task.
fn of_kind(payload: &PayloadSchema, name: &str, info: Option<&KindInfo>) -> Object {
    let kind = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([payload.kind]))
        .build();
    let object = ObjectBuilder::new()
        .title(Some(payload.kind))
        .description(info.map(|info| info.description.clone()))
        .property("kind", kind)
        .required("kind")
        .property("payload", Ref::from_schema_name(name));
    // An absent payload is an empty object.
    let wants_some = |object: &Object| !object.required.is_empty();
    match &payload.schema {
        RefOr::T(Schema::Object(schema)) if wants_some(schema) => object.required("payload"),
        _ => object,
    }
    .build()
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
