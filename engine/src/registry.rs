//! The kinds that this node can run, and those that workers serve.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use glassworks_protocol::{FieldError, JsonText, KindInfo};
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::handler::{Handler, Run, TaskError};
use crate::options::StartError;
use crate::remote::kinds::{DeclaredKind, Kinds};
use crate::shape;
use crate::submission::{NAME_RULE, is_name};

/// The schema of a kind's payload, as an `OpenAPI` document takes it in.
#[derive(Clone)]
pub struct PayloadSchema {
    /// The kind.
    pub kind: &'static str,
    /// The payload's schema.
    pub schema: RefOr<Schema>,
    /// The schemas that it refers to, by their names.
    pub referred: Vec<(String, RefOr<Schema>)>,
}

/// A handler whose payload type has been forgotten, so that many stand in one table.
pub(crate) trait AnyHandler: Send + Sync {
    fn schema(&self) -> PayloadSchema;
    fn check(&self, payload: &JsonText) -> Result<(), Vec<FieldError>>;
    fn stop_grace(&self) -> Duration;
    fn run(
        self: Arc<Self>,
        payload: String,
        run: Run,
    ) -> BoxFuture<'static, Result<JsonText, TaskError>>;
}

/// The kinds that this node can run, by name.
#[derive(Default)]
pub(crate) struct Registry {
    handlers: BTreeMap<&'static str, Arc<dyn AnyHandler>>,
    kinds: Vec<KindInfo>,
    /// Those that workers serve.
    pub(crate) offered: Kinds,
}

impl Registry {
    /// Adds a handler; one that has the same kind takes the place of the earlier.
    pub(crate) fn add<H: Handler>(&mut self, handler: H) {
        let mut info = KindInfo {
            kind: H::KIND.to_owned(),
            description: H::DESCRIPTION.to_owned(),
            schema: schema::<H::Payload>(),
            example: H::example(),
        };
        handler.describe(&mut info);
        self.handlers.insert(H::KIND, Arc::new(Typed(handler)));
        self.kinds.retain(|info| info.kind != H::KIND);
        self.kinds.push(info);
        self.kinds.sort_by(|a, b| a.kind.cmp(&b.kind));
    }

    /// Takes a kind that the configuration declares for workers to serve.
    pub(crate) fn declare(&self, name: &str, declared: DeclaredKind) -> Result<(), StartError> {
        let declared = if !is_name(name) {
            Err(format!("its name {NAME_RULE}"))
        } else if self.handlers.contains_key(name) {
            Err("this server runs a kind of this name itself".to_owned())
        } else {
            self.offered.declare(name, declared)
        };
        declared.map_err(|cause| StartError::Kind {
            name: name.to_owned(),
            cause,
        })
    }

    pub(crate) fn get(&self, kind: &str) -> Option<Arc<dyn AnyHandler>> {
        self.handlers.get(kind).cloned()
    }

    /// What is wrong with a payload; `None` when there is no such kind.
    pub(crate) fn check(
        &self,
        kind: &str,
        payload: &JsonText,
    ) -> Option<Result<(), Vec<FieldError>>> {
        match self.handlers.get(kind) {
            Some(handler) => Some(handler.check(payload)),
            None => self.offered.check(kind, payload),
        }
    }

    /// Whether there is such a kind.
    pub(crate) fn knows(&self, kind: &str) -> bool {
        self.handlers.contains_key(kind) || self.offered.knows(kind)
    }

    /// The names of all kinds: those of this node, then those that workers serve.
    pub(crate) fn names(&self) -> Vec<String> {
        let own = self.kinds.iter().map(|info| info.kind.clone());
        let others = self.offered.names().into_iter();
        own.chain(others.filter(|kind| !self.handlers.contains_key(&**kind)))
            .collect()
    }

    /// Every kind that this node runs, by name.
    pub(crate) fn kinds(&self) -> &[KindInfo] {
        &self.kinds
    }

    /// The schema of each kind's payload, by the kinds' names.
    pub(crate) fn payload_schemas(&self) -> Vec<PayloadSchema> {
        self.handlers
            .values()
            .map(|handler| handler.schema())
            .collect()
    }
}

struct Typed<H>(H);

impl<H: Handler> AnyHandler for Typed<H> {
    fn schema(&self) -> PayloadSchema {
        let mut referred = Vec::new();
        H::Payload::schemas(&mut referred);
        PayloadSchema {
            kind: H::KIND,
            schema: <H::Payload as PartialSchema>::schema(),
            referred,
        }
    }

    fn check(&self, payload: &JsonText) -> Result<(), Vec<FieldError>> {
        // Refused here and not left to the type: a struct without fields would take a list.
        if !payload.get().starts_with('{') {
            return Err(vec![FieldError::new("", "the payload must be an object")]);
        }
        let payload: H::Payload = shape::read_part(payload.get()).map_err(|fault| vec![fault])?;
        self.0.check(&payload)
    }

    fn stop_grace(&self) -> Duration {
        self.0.stop_grace()
    }

    fn run(
        self: Arc<Self>,
        payload: String,
        run: Run,
    ) -> BoxFuture<'static, Result<JsonText, TaskError>> {
        Box::pin(async move {
            let payload = serde_json::from_str(&payload).map_err(|error| {
                let error = shape::in_words(&error);
                TaskError::permanent(format!("the payload does not fit the handler: {error}"))
            })?;
            self.0.run(payload, &run).await
        })
    }
}

/// The JSON Schema of `T`, self-contained: what it refers to stands in its `$defs`.
fn schema<T: ToSchema>() -> Value {
    let mut referred = Vec::new();
    T::schemas(&mut referred);
    let as_json = |schema| serde_json::to_value(schema).unwrap_or(Value::Bool(true));
    let mut root = as_json(T::schema());
    if let Value::Object(root) = &mut root {
        root.insert(
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        if !referred.is_empty() {
            let definitions: Map<String, Value> = referred
                .into_iter()
                .map(|(name, schema)| (name, as_json(schema)))
                .collect();
            root.insert("$defs".to_owned(), Value::Object(definitions));
        }
    }
    move_references(&mut root);
    root
}

/// Points references into `$defs`: utoipa writes them for an `OpenAPI` document.
fn move_references(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref") {
                *target = target.replace("#/components/schemas/", "#/$defs/");
            }
            fields.values_mut().for_each(move_references);
        }
        Value::Array(items) => items.iter_mut().for_each(move_references),
        _ => {}
    }
}
