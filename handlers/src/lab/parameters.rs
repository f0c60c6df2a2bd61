//! What every experiment's parameters have in common: defaults, ranges, and the runtime.

use glassworks_protocol::FieldError;
use serde::Serialize;
use serde_json::Value;
use utoipa::PartialSchema;
use utoipa::openapi::{Object, ObjectBuilder, RefOr, Schema, Type};

use super::threads::{Flavour, RuntimePlan};

/// Threads for blocking calls, where no experiment says otherwise.
const BLOCKING_THREADS: usize = 64;

/// The parameters of one experiment.
pub(crate) trait Parameters: Serialize + PartialSchema + Default {
    /// Checks what no single range can say.
    fn check(&self) -> Vec<FieldError> {
        Vec::new()
    }
}

/// Declares the parameters of an experiment, each with its default, and those that all have; in
/// brackets the default flavour of its runtime.
macro_rules! parameters {
    ($(#[$meta:meta])* $name:ident($flavour:ident) {
        $($(#[$field_meta:meta])* $field:ident: $type:ty = $default:expr,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[allow(
            clippy::unsafe_derive_deserialize,
            reason = "Tokio's macros pin what they wait for; no parameter is part of that"
        )]
        #[serde(default, deny_unknown_fields)]
        #[schema(default)]
        pub struct $name {
            $($(#[$field_meta])* $field: $type,)*
            /// Which Tokio runtime the server under test has.
            #[schema(schema_with = $crate::lab::parameters::flavour)]
            flavour: $crate::lab::threads::Flavour,
            /// The worker threads of a `multi_thread` runtime.
            #[schema(minimum = 1, maximum = 8)]
            worker_threads: u8,
            /// How long the servers stay up after the measurement, to be tried by hand.
            #[schema(minimum = 0, maximum = 120)]
            hold_seconds: u8,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($field: $default,)*
                    flavour: $crate::lab::threads::Flavour::$flavour,
                    worker_threads: 2,
                    hold_seconds: 0,
                }
            }
        }

        impl $name {
            fn runtime(&self) -> $crate::lab::threads::RuntimePlan {
                $crate::lab::parameters::runtime(self.flavour, self.worker_threads)
            }

            /// How long the servers stay up after the measurement.
            pub(crate) fn hold(&self) -> std::time::Duration {
                std::time::Duration::from_secs(self.hold_seconds.into())
            }
        }
    };
}
pub(crate) use parameters;

pub(crate) fn runtime(flavour: Flavour, worker_threads: u8) -> RuntimePlan {
    RuntimePlan {
        flavour,
        worker_threads: worker_threads.into(),
        blocking_threads: BLOCKING_THREADS,
    }
}

pub(crate) fn flavour() -> Object {
    let about = "Which Tokio runtime the server under test has.";
    choice(about, ["current_thread", "multi_thread"])
}

/// The schema of a parameter that is one of some words. By hand: what utoipa says of a field with an
/// enumeration of its own is an object at the same time.
pub(crate) fn choice<const N: usize>(description: &str, words: [&str; N]) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(words))
        .build()
}

/// The schema of the parameters of the experiment `name`, with the name among them.
pub(crate) fn named(name: &str, mut schema: RefOr<Schema>) -> RefOr<Schema> {
    if let RefOr::T(Schema::Object(object)) = &mut schema {
        let only = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some([name]));
        object
            .properties
            .insert("experiment".to_owned(), only.into());
        object.required.push("experiment".to_owned());
        // It says what the parameters are when only the name is given, so it is none of the whole.
        object.default = None;
    }
    schema
}

/// The schema of an experiment's parameters. A default that utoipa leaves out is added.
pub(crate) fn schema<P: Parameters>() -> Value {
    let mut schema = serde_json::to_value(P::schema()).unwrap_or_default();
    let defaults = serde_json::to_value(P::default()).unwrap_or_default();
    let properties = schema["properties"].as_object_mut();
    for (name, property) in properties.into_iter().flatten() {
        if let Value::Object(property) = property {
            property
                .entry("default")
                .or_insert_with(|| defaults[name].clone());
        }
    }
    schema
}

/// What is out of its range, by the ranges that the schema publishes; then what the type says.
pub(crate) fn check<P: Parameters>(parameters: &P) -> Vec<FieldError> {
    let schema = serde_json::to_value(P::schema()).unwrap_or_default();
    let values = serde_json::to_value(parameters).unwrap_or_default();
    let mut errors = Vec::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        out_of_range(property, &values[name], &format!("/{name}"), &mut errors);
    }
    if errors.is_empty() {
        errors = parameters.check();
    }
    errors
}

fn out_of_range(schema: &Value, value: &Value, pointer: &str, errors: &mut Vec<FieldError>) {
    let bound = |key| schema.get(key).and_then(Value::as_f64);
    let outside = |measure: f64, least: Option<f64>, most: Option<f64>| {
        least.is_some_and(|least| measure < least) || most.is_some_and(|most| measure > most)
    };
    let range = |least: Option<f64>, most: Option<f64>| match (least, most) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, most) => format!("at most {}", most.unwrap_or_default()),
    };
    if let Some(items) = value.as_array() {
        let (least, most) = (bound("minItems"), bound("maxItems"));
        #[expect(clippy::cast_precision_loss, reason = "a payload has few items")]
        if outside(items.len() as f64, least, most) {
            let detail = format!("expected {} items", range(least, most));
            errors.push(FieldError::new(pointer, detail));
            return;
        }
        for (index, item) in items.iter().enumerate() {
            out_of_range(
                &schema["items"],
                item,
                &format!("{pointer}/{index}"),
                errors,
            );
        }
    } else if let Some(number) = value.as_f64() {
        let (least, most) = (bound("minimum"), bound("maximum"));
        if outside(number, least, most) {
            let detail = format!("expected {}", range(least, most));
            errors.push(FieldError::new(pointer, detail));
        }
    }
}
