//! `command`: runs a program that the operator has allowed by name. Nothing a caller sends becomes
//! more than the value of an argument: no shell, no path, no variable.
//!
//! Rooms, lowest first: `shape` (what a value may be), `parameter` (as it is declared), `template`
//! (where it goes), `program` (the configuration), `lines` (reading output), `group` (ending
//! processes), `process` (one run).

mod group;
mod lines;
mod parameter;
mod process;
mod program;
mod shape;
mod template;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Error, ErrorKind};
use std::os::unix::process::ExitStatusExt as _;

use glassworks_engine::{Handler, Run, TaskError};
use glassworks_protocol::{FieldError, JsonText, KindInfo};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

pub use parameter::Parameter;
pub use program::Program;

use crate::outbound::millis;
use process::{Ended, Stream};

/// How much of standard error a failure tells.
const TOLD_LINES: usize = 10;

/// The kind `command`.
#[derive(Clone, Debug)]
pub struct Command {
    programs: BTreeMap<String, Program>,
}

impl Command {
    /// Runs these programs, by name.
    pub fn new(programs: BTreeMap<String, Program>) -> Self {
        Self { programs }
    }

    fn program(&self, name: &str) -> Result<&Program, String> {
        self.programs.get(name).ok_or_else(|| {
            let names: Vec<_> = self.programs.keys().map(String::as_str).collect();
            format!("no command has this name; there are {}", names.join(", "))
        })
    }
}

/// What to run.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// The command's name in the configuration.
    name: String,
    /// Its arguments, by name.
    #[serde(default)]
    #[schema(value_type = serde_json::Map<String, serde_json::Value>)]
    arguments: BTreeMap<String, JsonText>,
}

impl Handler for Command {
    const KIND: &'static str = "command";
    const DESCRIPTION: &'static str =
        "Runs a program that the operator has allowed, with its output line by line.";
    type Payload = Payload;

    fn example() -> Value {
        json!({"name": "", "arguments": {}})
    }

    fn describe(&self, kind: &mut KindInfo) {
        let Some((first, program)) = self.programs.first_key_value() else {
            return;
        };
        kind.example = json!({"name": first, "arguments": program.example()});
        for (name, program) in &self.programs {
            if let Some(description) = &program.description {
                // Writing to a string cannot fail.
                let _ = write!(kind.description, " `{name}`: {description}");
            }
        }
        let names: Vec<_> = self.programs.keys().collect();
        kind.schema["properties"]["name"]["enum"] = json!(names);
        if names.len() == 1 {
            kind.schema["properties"]["arguments"] = program.schema();
            return;
        }
        let each = self.programs.iter().map(|(name, program)| {
            json!({
                "if": {"properties": {"name": {"const": name}}},
                "then": {"properties": {"arguments": program.schema()}},
            })
        });
        kind.schema["allOf"] = each.collect();
    }

    fn check(&self, payload: &Payload) -> Result<(), Vec<FieldError>> {
        let program = self.program(&payload.name);
        let program = program.map_err(|error| vec![FieldError::new("/name", error)])?;
        program.values(&payload.arguments).map(drop)
    }

    async fn run(&self, payload: Payload, run: &Run) -> Result<JsonText, TaskError> {
        let name = &payload.name;
        // The configuration may have changed since the task was accepted.
        let program = self.program(name).map_err(TaskError::permanent)?;
        let mut values = program.values(&payload.arguments).map_err(|errors| {
            let errors = errors
                .iter()
                .map(|it| format!("{}: {}", it.pointer, it.detail));
            TaskError::permanent(errors.collect::<Vec<_>>().join("; "))
        })?;
        values.insert("task_id".to_owned(), run.task_id().to_string());
        values.insert("attempt".to_owned(), run.attempt().to_string());

        let started = run.elapsed();
        let ended = process::run(program.command(&values), run).await;
        let ended = ended.map_err(|error| not_started(program, &error))?;
        if ended.was_stopped {
            return Err(TaskError::cancelled());
        }
        if !ended.status.success() {
            return Err(failure(name, program, &ended));
        }
        Ok(json!({
            "name": name,
            "exit_code": ended.status.code(),
            "took_ms": millis(run.elapsed().saturating_sub(started)),
            "stdout_bytes": ended.stdout.bytes,
            "stderr_bytes": ended.stderr.bytes,
        })
        .into())
    }
}

/// What follows when the program cannot be started: another attempt when the system is short of
/// something, and none when somebody has to change something first.
fn not_started(program: &Program, error: &Error) -> TaskError {
    let message = format!("cannot run `{}`: {error}", program.path().display());
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::PermissionDenied
        | ErrorKind::NotADirectory
        | ErrorKind::ArgumentListTooLong => TaskError::permanent(message),
        _ => TaskError::new(message),
    }
}

fn failure(name: &str, program: &Program, ended: &Ended) -> TaskError {
    let code = ended.status.code();
    let how = match (code, ended.status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended in an unknown way".to_owned(),
    };
    let message = match last_lines(&ended.stderr) {
        lines if lines.is_empty() => format!("`{name}` {how}"),
        lines => format!("`{name}` {how}: {lines}"),
    };
    if code.is_some_and(|code| program.is_final(code)) {
        TaskError::permanent(message)
    } else {
        TaskError::new(message)
    }
}

fn last_lines(stream: &Stream) -> String {
    let lines: Vec<_> = stream.tail.lines().rev().take(TOLD_LINES).collect();
    let lines: Vec<_> = lines.into_iter().rev().collect();
    lines.join("\n").trim().to_owned()
}
