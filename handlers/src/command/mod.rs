//! `command`: runs a program that the operator has allowed by name. Nothing a caller sends becomes
//! more than the value of an argument: no shell, no path, no variable.
//!
//! Rooms, lowest first: `shape` (what a value may be), `parameter` (as it is declared), `template`
//! (where it goes), `minder` (the process beside each program), `program` (the configuration),
//! `lines` (reading output), `turns` (one program at a time for a task), `minders` (starting them),
//! `leftovers` (what a killed server left), `process` (one run), `errand` (one for a remote worker).

mod errand;
mod leftovers;
mod lines;
pub mod minder;
mod minders;
mod parameter;
mod process;
mod program;
mod shape;
mod template;
mod turns;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Error, ErrorKind};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use glassworks_engine::{Handler, Run, TaskError};
use glassworks_protocol::{FieldError, JsonText, KindInfo};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

pub use errand::{Errand, ErrandFailure};
pub use minders::Minders;
pub use parameter::Parameter;
pub use process::Owner;
pub use program::Program;

use crate::outbound::millis;
use leftovers::Leftovers;
use process::{Ended, Failure, Stream};
use turns::Turns;

/// How much of standard error a failure tells.
const TOLD_LINES: usize = 10;
/// How much longer than its grace a program may take to stop: to be killed, and to be read to the
/// end.
const AFTER_GRACE: Duration = Duration::from_secs(2);

/// The kind `command`.
#[derive(Debug)]
pub struct Command {
    programs: BTreeMap<String, Program>,
    minders: Minders,
    leftovers: Leftovers,
    turns: Turns,
}

impl Command {
    /// Runs these programs, by name, each under a minder of its own.
    pub fn new(programs: BTreeMap<String, Program>, minders: Minders) -> Self {
        Self {
            programs,
            leftovers: Leftovers::beside(minders.database.clone()),
            minders,
            turns: Turns::default(),
        }
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

    fn stop_grace(&self) -> Duration {
        let longest = self.programs.values().map(Program::stop_grace).max();
        longest.unwrap_or_default() + AFTER_GRACE
    }

    async fn run(&self, payload: Payload, run: &Run) -> Result<JsonText, TaskError> {
        let name = &payload.name;
        // The configuration may have changed since the task was accepted.
        let program = self.programs.get(name).ok_or_else(|| {
            TaskError::unavailable(format!(
                "waits for the command `{name}`, which is not in the configuration of this node"
            ))
        })?;
        let mut values = program.values(&payload.arguments).map_err(|errors| {
            let errors = errors
                .iter()
                .map(|it| format!("{}: {}", it.pointer, it.detail));
            TaskError::permanent(errors.collect::<Vec<_>>().join("; "))
        })?;
        values.insert("task_id".to_owned(), run.task_id().to_string());
        values.insert("attempt".to_owned(), run.attempt().to_string());

        let ready = async {
            (
                self.leftovers.gone().await,
                self.turns.take(run.task_id()).await,
            )
        };
        let (held, turn) = tokio::select! {
            biased;
            () = run.cancelled() => return Err(TaskError::cancelled()),
            ready = ready => ready,
        };
        let started = run.elapsed();
        let minder = self
            .minders
            .start(Some(turn))
            .map_err(|error| not_minded(&error))?;
        let ended = process::run(minder, &program.order(&values, held), run).await;
        let ended = ended.map_err(|failure| match failure {
            Failure::NotStarted(error) => not_started(program, &error),
            Failure::NotMinded(error) => not_minded(&error),
            Failure::Stopped => TaskError::cancelled(),
        })?;
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

/// The program is not to blame, and another attempt may fare better.
fn not_minded(error: &Error) -> TaskError {
    TaskError::new(format!("the program cannot be minded: {error}"))
}

fn failure(name: &str, program: &Program, ended: &Ended) -> TaskError {
    let code = ended.status.code();
    let message = told(name, ended);
    if code.is_some_and(|code| program.is_final(code)) {
        TaskError::permanent(message)
    } else {
        TaskError::new(message)
    }
}

/// What is told of a program that has failed: how, and what it said last.
fn told(name: &str, ended: &Ended) -> String {
    let how = how(ended.status, ended.out_of_memory);
    match last_lines(&ended.stderr) {
        lines if lines.is_empty() => format!("`{name}` {how}"),
        lines => format!("`{name}` {how}: {lines}"),
    }
}

/// How a program ended. SIGKILL without our doing is most often the system's.
fn how(status: ExitStatus, out_of_memory: Option<bool>) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(9)) => match out_of_memory {
            Some(true) => {
                "was ended by signal 9: the system was short of memory and ended it (oom_kill)".to_owned()
            }
            Some(false) => "was ended by signal 9".to_owned(),
            None => "was ended by signal 9, which is also how a system that is short of memory ends a program".to_owned(),
        },
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended in an unknown way".to_owned(),
    }
}

fn last_lines(stream: &Stream) -> String {
    let lines: Vec<_> = stream.tail.lines().rev().take(TOLD_LINES).collect();
    let lines: Vec<_> = lines.into_iter().rev().collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::how;

    #[test]
    fn an_end_for_want_of_memory_is_told_where_it_is_known() {
        let killed = ExitStatus::from_raw(9);
        assert!(how(killed, Some(true)).contains("short of memory and ended it (oom_kill)"));
        assert_eq!(how(killed, Some(false)), "was ended by signal 9");
        assert!(how(killed, None).contains("which is also how a system that is short of memory"));
        // The system's doing elsewhere is not this program's end.
        assert_eq!(
            how(ExitStatus::from_raw(15), Some(true)),
            "was ended by signal 15"
        );
        assert_eq!(
            how(ExitStatus::from_raw(7 << 8), Some(true)),
            "exited with status 7"
        );
    }
}
