//! A program that the operator allows, as the configuration file describes it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use glassworks_protocol::{FieldError, JsonText, pointer_step};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::minder::{Order, StopSignal};
use super::parameter::Parameter;
use super::template::{self, Entry};

/// The longest that a program may take to stop once it was asked to.
pub(super) const LONGEST_GRACE: Duration = Duration::from_mins(1);
/// How long it may take unless its operator says otherwise, in milliseconds.
const GRACE_MS: u64 = 3_000;

/// A program that the operator allows, and all that a caller can say about how it is run.
///
/// It is read from a table of the configuration file, and refused as a whole when any of it does
/// not fit together, so that what is wrong is known at the start and not at the first task.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Declared")]
pub struct Program {
    pub(super) description: Option<String>,
    path: PathBuf,
    arguments: Vec<Entry>,
    parameters: BTreeMap<String, Parameter>,
    directory: Option<PathBuf>,
    environment: BTreeMap<String, String>,
    inherit: Vec<String>,
    final_exit_codes: Vec<i32>,
    stop_signal: StopSignal,
    stop_grace: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    /// What it does, for people.
    description: Option<String>,
    /// Its absolute path: there is no search that somebody could get in front of.
    program: PathBuf,
    #[serde(default)]
    arguments: Vec<template::Declared>,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    /// Where it runs; where the server runs when absent.
    directory: Option<PathBuf>,
    /// Its environment, beside what it inherits.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// Variables of the server that it inherits; the others it does not see.
    #[serde(default)]
    inherit: Vec<String>,
    /// Exit codes after which another attempt would be no use.
    #[serde(default)]
    final_exit_codes: Vec<i32>,
    /// The signal that asks it to stop.
    #[serde(default)]
    stop_signal: StopSignal,
    /// How long it may take then before it is killed, in milliseconds.
    stop_grace_ms: Option<u64>,
}

impl TryFrom<Declared> for Program {
    type Error = String;

    fn try_from(declared: Declared) -> Result<Self, String> {
        for (name, path) in [
            ("program", Some(&declared.program)),
            ("directory", declared.directory.as_ref()),
        ] {
            if let Some(path) = path.filter(|path| !path.is_absolute()) {
                return Err(format!(
                    "`{name}` must be an absolute path, not `{}`",
                    path.display()
                ));
            }
        }
        let variables = declared.environment.keys().chain(&declared.inherit);
        for name in variables {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(format!("`{name}` is not the name of a variable"));
            }
        }
        if let Some(name) = values_with_nul(&declared.environment) {
            return Err(format!("the variable `{name}` must not hold a NUL"));
        }
        let stop_grace = Duration::from_millis(declared.stop_grace_ms.unwrap_or(GRACE_MS));
        if stop_grace > LONGEST_GRACE {
            let most = LONGEST_GRACE.as_millis();
            return Err(format!("`stop_grace_ms` must be 0 to {most}"));
        }
        let arguments = declared.arguments.into_iter().map(Entry::try_from);
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        template::check(&arguments, &declared.parameters)?;
        Ok(Self {
            description: declared.description,
            path: declared.program,
            arguments,
            parameters: declared.parameters,
            directory: declared.directory,
            environment: declared.environment,
            inherit: declared.inherit,
            final_exit_codes: declared.final_exit_codes,
            stop_signal: declared.stop_signal,
            stop_grace,
        })
    }
}

fn values_with_nul(environment: &BTreeMap<String, String>) -> Option<&str> {
    let mut wrong = environment.iter().filter(|(_, value)| value.contains('\0'));
    wrong.next().map(|(name, _)| name.as_str())
}

impl Program {
    /// What each parameter becomes on the command line; what is wrong with `given` otherwise.
    pub(super) fn values(
        &self,
        given: &BTreeMap<String, JsonText>,
    ) -> Result<BTreeMap<String, String>, Vec<FieldError>> {
        let mut values = BTreeMap::new();
        let mut errors = Vec::new();
        let mut refuse = |name: &str, detail: String| {
            let name = pointer_step(name);
            errors.push(FieldError::new(format!("/arguments/{name}"), detail));
        };
        for name in given
            .keys()
            .filter(|name| !self.parameters.contains_key(*name))
        {
            refuse(name, self.unknown_parameter());
        }
        for (name, parameter) in &self.parameters {
            let argument = match (given.get(name), parameter.default()) {
                (Some(json), _) => Some(parameter.given(json)),
                (None, default) => default.map(|value| parameter.argument(value)),
            };
            match argument {
                Some(argument) => match argument {
                    Ok(argument) => {
                        values.insert(name.clone(), argument);
                    }
                    Err(detail) => refuse(name, detail),
                },
                None if parameter.is_required => refuse(name, "is required".to_owned()),
                None => {}
            }
        }
        if errors.is_empty() {
            Ok(values)
        } else {
            Err(errors)
        }
    }

    fn unknown_parameter(&self) -> String {
        let names: Vec<_> = self.parameters.keys().map(String::as_str).collect();
        if names.is_empty() {
            "the command has no parameters".to_owned()
        } else {
            format!(
                "not a parameter of the command, which has {}",
                names.join(", ")
            )
        }
    }

    /// What to start, with `values` in their places, under a minder that holds `held`. No shell ever
    /// sees the values.
    pub(super) fn order(&self, values: &BTreeMap<String, String>, held: Option<OsString>) -> Order {
        let inherited = self.inherit.iter().filter_map(|name| {
            let value: OsString = std::env::var_os(name)?;
            // What is set here comes before what is inherited.
            (!self.environment.contains_key(name)).then(|| (name.into(), value))
        });
        let own = self.environment.iter();
        let own = own.map(|(name, value)| (name.into(), value.into()));
        let arguments = template::fill(&self.arguments, &self.parameters, values);
        Order {
            program: self.path.clone().into(),
            arguments: arguments.into_iter().map(OsString::from).collect(),
            environment: inherited.chain(own).collect(),
            directory: self.directory.clone().map(OsString::from),
            input: None,
            stop_signal: self.stop_signal,
            stop_grace_ms: u64::try_from(self.stop_grace.as_millis()).unwrap_or(u64::MAX),
            held,
        }
    }

    /// How long it may take to stop.
    pub(super) fn stop_grace(&self) -> Duration {
        self.stop_grace
    }

    /// Whether another attempt would be no use after this exit code.
    pub(super) fn is_final(&self, code: i32) -> bool {
        self.final_exit_codes.contains(&code)
    }

    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The JSON Schema of its arguments.
    pub(super) fn schema(&self) -> Value {
        let properties: Map<String, Value> = self
            .parameters
            .iter()
            .map(|(name, parameter)| (name.clone(), parameter.schema()))
            .collect();
        let required = self.parameters.iter().filter(|(_, it)| it.is_required);
        let required: Vec<_> = required.map(|(name, _)| name).collect();
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }

    /// Arguments that work, as far as they can be told.
    pub(super) fn example(&self) -> Map<String, Value> {
        self.parameters
            .iter()
            .filter(|(_, parameter)| parameter.is_certain())
            .filter_map(|(name, parameter)| Some((name.clone(), parameter.example()?)))
            .collect()
    }
}

/// Without the environment, which may hold secrets.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("path", &self.path)
            .field("arguments", &self.arguments)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}
