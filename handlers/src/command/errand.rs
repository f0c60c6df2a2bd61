//! Running any program for an attempt that is not this process's own: what a remote worker does.

use std::ffi::OsString;
use std::time::Duration;

use super::minder::{Order, StopSignal};
use super::process::{self, Failure, Owner};
use super::{Minders, told};

/// A program, and what it is given.
#[derive(Debug)]
pub struct Errand {
    /// A path, or a name to look for in `PATH`.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// All of its environment.
    pub environment: Vec<(OsString, OsString)>,
    /// What it finds on its standard input.
    pub input: String,
    /// How long it may take to stop once it was asked to (SIGTERM) before it is killed.
    pub stop_grace: Duration,
}

/// Why a program has not done what it was to.
#[derive(Debug)]
pub enum ErrandFailure {
    /// It ended because its attempt was asked to stop.
    Stopped,
    /// It failed, or could not be run, in these words.
    Failed(String),
}

impl Errand {
    /// Runs the program to its end for `owner`, under a minder of its own.
    ///
    /// When the attempt is asked to stop, or the future is dropped, or this process is killed, the
    /// program and all it has started are ended.
    pub async fn run(self, minders: &Minders, owner: &impl Owner) -> Result<(), ErrandFailure> {
        let name = self.program.to_string_lossy().into_owned();
        let order = Order {
            program: self.program,
            arguments: self.arguments,
            environment: self.environment,
            directory: None,
            input: Some(self.input),
            stop_signal: StopSignal::default(),
            stop_grace_ms: u64::try_from(self.stop_grace.as_millis()).unwrap_or(u64::MAX),
            held: None,
        };
        let not_minded = |error| format!("the program cannot be minded: {error}");
        let minder = minders
            .start(None)
            .map_err(|error| ErrandFailure::Failed(not_minded(error)))?;
        match process::run(minder, &order, owner).await {
            Ok(ended) if ended.status.success() => Ok(()),
            Ok(ended) => Err(ErrandFailure::Failed(told(&name, &ended))),
            Err(Failure::Stopped) => Err(ErrandFailure::Stopped),
            Err(Failure::NotMinded(error)) => Err(ErrandFailure::Failed(not_minded(error))),
            Err(Failure::NotStarted(error)) => Err(ErrandFailure::Failed(format!(
                "cannot run `{name}`: {error}"
            ))),
        }
    }
}
