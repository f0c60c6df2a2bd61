//! The experiments: one folder each, with one file for each variant. These files are the very code
//! that runs, and what is shown.

#![allow(
    clippy::unused_async,
    reason = "axum's handlers are async functions, whether or not they await"
)]

mod background_failure;
mod backpressure;
mod blocking;
mod blocking_pool;
mod disconnect;
mod fan_out;
mod lost_lease;
mod missing_await;
mod streaming;
mod time_limit;

use std::time::Duration;

use glassworks_engine::TaskError;
use glassworks_protocol::FieldError;
use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{Discriminator, OneOfBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::parameters::{self, Parameters};
use super::report::Measured;
use super::stage::Stage;

/// One way to write the same server.
#[derive(Debug)]
pub(crate) struct Variant {
    /// Its name: `broken`, `fixed`, or what else there is.
    pub(crate) name: &'static str,
    /// What it does, in a few words.
    pub(crate) title: &'static str,
    /// Its file in the repository.
    pub(crate) file: &'static str,
    /// What stands there.
    pub(crate) code: &'static str,
}

/// A small program, and what the compiler says of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CompilerWords {
    /// What is wrong with it.
    pub title: &'static str,
    /// The program.
    pub code: &'static str,
    /// The compiler's version in the first line, then its words.
    pub words: &'static str,
}

/// The variants of an experiment, from their files beside the experiment's.
macro_rules! variants {
    ($folder:literal; $($name:literal: $file:literal, $title:literal;)*) => {
        pub(crate) const VARIANTS: &[$crate::lab::experiments::Variant] = &[$(
            $crate::lab::experiments::Variant {
                name: $name,
                title: $title,
                file: concat!("handlers/src/lab/experiments/", $folder, "/", $file),
                code: include_str!($file),
            },
        )*];
    };
}
pub(crate) use variants;

/// What an experiment has shown.
pub(crate) struct Shown {
    pub(crate) variants: Vec<Measured>,
    /// In words, with its figures.
    pub(crate) phenomenon: String,
}

/// An experiment that can be run.
pub(crate) trait Experiment: Parameters + DeserializeOwned {
    async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError>;
}

/// The table of all experiments: each is a line here.
macro_rules! experiments {
    ($($variant:ident, $name:literal, $module:ident;)*) => {
        /// Which experiment, and with which parameters. Each has a default.
        #[derive(Clone, Debug, Serialize)]
        #[serde(tag = "experiment", rename_all = "kebab-case")]
        pub enum Payload {
            $(
                #[allow(missing_docs, reason = "the experiment says what it is")]
                $variant($module::$variant),
            )*
        }

        // By hand, because utoipa puts the name beside the closed schema of the parameters: no
        // payload would be of both.
        impl PartialSchema for Payload {
            fn schema() -> RefOr<Schema> {
                let mapping = [$(($name, Ref::from_schema_name(stringify!($variant)).ref_location)),*];
                OneOfBuilder::new()
                    .description(Some("Which experiment, and with which parameters. Each has a default."))
                    $(.item(Ref::from_schema_name(stringify!($variant))))*
                    .discriminator(Some(Discriminator::with_mapping("experiment", mapping)))
                    .into()
            }
        }

        impl ToSchema for Payload {
            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                $(
                    let named = parameters::named($name, <$module::$variant as PartialSchema>::schema());
                    schemas.push((stringify!($variant).to_owned(), named));
                    <$module::$variant as ToSchema>::schemas(schemas);
                )*
            }
        }

        /// The names of the experiments, as a path through them.
        pub(crate) const NAMES: &[&str] = &[$($name),*];

        impl Payload {
            fn read(name: &str, parameters: Value) -> Result<Self, String> {
                match name {
                    $($name => read(parameters).map(Self::$variant),)*
                    _ => Err(format!("`experiment`: there is no `{name}`; there are {}", NAMES.join(", "))),
                }
            }

            /// Which experiment it is.
            pub(crate) fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// What is out of range, or does not go together.
            pub(crate) fn check(&self) -> Vec<FieldError> {
                match self {
                    $(Self::$variant(it) => parameters::check(it),)*
                }
            }

            /// Runs it.
            pub(crate) async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError> {
                match self {
                    $(Self::$variant(it) => it.run(stage).await,)*
                }
            }

            /// How long its servers stay up after the measurement.
            pub(crate) fn hold(&self) -> Duration {
                match self {
                    $(Self::$variant(it) => it.hold(),)*
                }
            }
        }

        /// The variants of an experiment; none of one that does not exist.
        pub(crate) fn variants_of(name: &str) -> &'static [Variant] {
            match name {
                $($name => $module::VARIANTS,)*
                _ => &[],
            }
        }

        /// The schema of an experiment's parameters.
        pub(crate) fn schema_of(name: &str) -> Option<Value> {
            match name {
                $($name => Some(parameters::schema::<$module::$variant>()),)*
                _ => None,
            }
        }
    };
}

experiments! {
    Blocking, "blocking", blocking;
    FanOut, "fan-out", fan_out;
    MissingAwait, "missing-await", missing_await;
    BackgroundFailure, "background-failure", background_failure;
    Timeout, "timeout", time_limit;
    Streaming, "streaming", streaming;
    Backpressure, "backpressure", backpressure;
    Disconnect, "disconnect", disconnect;
    BlockingPool, "blocking-pool", blocking_pool;
    LostLease, "lost-lease", lost_lease;
}

/// What the compiler says, in the experiment that is about it.
pub(crate) fn compiler_words(name: &str) -> Vec<CompilerWords> {
    if name == "missing-await" {
        missing_await::COMPILER_WORDS.to_vec()
    } else {
        Vec::new()
    }
}

// By hand, because serde's own reading of tagged types forgets in which field an error was.
impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        match fields.remove("experiment") {
            Some(Value::String(name)) => {
                Self::read(&name, Value::Object(fields)).map_err(D::Error::custom)
            }
            Some(_) => Err(D::Error::custom("`experiment`: expected a text")),
            None => Err(D::Error::missing_field("experiment")),
        }
    }
}

fn read<P: Experiment>(parameters: Value) -> Result<P, String> {
    serde_path_to_error::deserialize(parameters).map_err(|error| {
        let path = error.path().to_string();
        format!("`{path}`: {}", error.into_inner())
    })
}
