//! The command line for people: submit, follow and steer the tasks of a running server.
//!
//! Each command is one or a few calls of the server's API. What a script takes (ids, output, JSON) goes
//! to the standard output, and what is said to a person to the standard error.

mod list;
mod show;
mod submit;
mod tail;

use std::error::Error;
use std::io::{self, Write as _};
use std::time::Duration;

use clap::{Args, Subcommand};
use glassworks_protocol::{State, Task, TaskId};
use http::Method;

use self::list::ListOptions;
use self::submit::SubmitOptions;
use self::tail::{Telling, follow};
use crate::client::{Ask, CallError, Server, ServerOption, read};

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What to do with tasks.
#[derive(Clone, Debug, Subcommand)]
pub enum TaskCommand {
    /// Submits a task and prints its id.
    Submit(Box<SubmitOptions>),
    /// Shows what a task prints, and ends with it: with 0 when it completed, 3 when it failed, 4 when
    /// it was cancelled.
    Tail(TailOptions),
    /// Lists tasks, newest first.
    List(Box<ListOptions>),
    /// Shows all that is known of a task.
    Show(ShowOptions),
    /// Cancels tasks: those that wait at once, those that run as soon as they stop.
    Cancel(ChangeOptions),
    /// Makes tasks due now; those that failed or were cancelled are tried again.
    Retry(ChangeOptions),
}

/// The task to follow.
#[derive(Args, Clone, Debug)]
pub struct TailOptions {
    /// The task.
    #[arg(value_name = "ID")]
    task: TaskId,
    /// Print its events, one line of JSON each, in place of what it prints.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOption,
}

/// The task to show.
#[derive(Args, Clone, Debug)]
pub struct ShowOptions {
    /// The task.
    #[arg(value_name = "ID")]
    task: TaskId,
    /// Print it as the server sends it.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOption,
}

/// The tasks to change.
#[derive(Args, Clone, Debug)]
pub struct ChangeOptions {
    /// The tasks.
    #[arg(value_name = "ID", required = true)]
    tasks: Vec<TaskId>,
    /// Print each as the server sends it, on a line of its own.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOption,
}

/// What a command came to, as the exit status says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is done, and the task that was waited for has completed.
    Done,
    /// The task that was waited for has failed.
    Failed,
    /// The task that was waited for was cancelled.
    Cancelled,
    /// Not all of it could be done, and it was said what.
    Refused,
}

impl Ending {
    /// The exit status. 2 is that of a command line that is wrong.
    pub fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Failed => 3,
            Self::Cancelled => 4,
        }
    }

    fn of(task: &Task) -> Self {
        match task.state {
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
            _ => Self::Done,
        }
    }
}

/// Does what was asked for.
///
/// # Errors
///
/// When the server refuses or does not answer.
pub async fn run(command: TaskCommand) -> Result<Ending, Box<dyn Error>> {
    let done = match command {
        TaskCommand::Submit(options) => submit::submit(*options).await,
        TaskCommand::Tail(options) => tail(options).await,
        TaskCommand::List(options) => list::list(*options).await,
        TaskCommand::Show(options) => show(options).await,
        TaskCommand::Cancel(options) => change("cancel", options).await,
        TaskCommand::Retry(options) => change("retry", options).await,
    };
    match done {
        // Whoever read this has enough: `| head` is no failure.
        Err(error) if is_broken_pipe(&*error) => Ok(Ending::Done),
        done => done,
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

async fn tail(options: TailOptions) -> Result<Ending, Box<dyn Error>> {
    let server = options.server.server()?;
    let telling = if options.json {
        Telling::Events
    } else {
        Telling::Words
    };
    follow(&server, options.task, telling).await?;
    let task = task(&server, options.task).await?;
    if !options.json {
        say(&show::outcome(&task));
    }
    Ok(Ending::of(&task))
}

async fn show(options: ShowOptions) -> Result<Ending, Box<dyn Error>> {
    let server = options.server.server()?;
    let answer = server.ask(of(options.task), ANSWER_WITHIN).await?;
    let mut out = io::stdout().lock();
    if options.json {
        out.write_all(&answer)?;
        writeln!(out)?;
    } else {
        write!(out, "{}", show::page(&read(&answer)?))?;
    }
    Ok(Ending::Done)
}

/// Cancels or retries each, and goes on when one is refused.
async fn change(verb: &str, options: ChangeOptions) -> Result<Ending, Box<dyn Error>> {
    let server = options.server.server()?;
    let mut ending = Ending::Done;
    for id in options.tasks {
        let ask = Ask::new(Method::POST, format!("/api/tasks/{id}/{verb}"));
        let answer = match server.ask(ask, ANSWER_WITHIN).await {
            Ok(answer) => answer,
            Err(error @ CallError::Refused { .. }) => {
                say(&format!("{id}: {error}"));
                ending = Ending::Refused;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let mut out = io::stdout().lock();
        if options.json {
            out.write_all(&answer)?;
            writeln!(out)?;
        } else {
            let task: Task = read(&answer)?;
            let state = if task.cancel_requested && !task.state.is_final() {
                "asked to stop"
            } else {
                task.state.as_str()
            };
            writeln!(out, "{id}  {state}")?;
        }
    }
    Ok(ending)
}

fn of(id: TaskId) -> Ask {
    Ask::new(Method::GET, format!("/api/tasks/{id}"))
}

async fn task(server: &Server, id: TaskId) -> Result<Task, CallError> {
    read(&server.ask(of(id), ANSWER_WITHIN).await?)
}

/// Says something to the person, who may have closed the standard error.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", plain(line));
}

/// A text without what a terminal would obey: what tasks and servers say is only shown. Lines stay
/// lines.
fn plain(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' => letter,
        _ if letter.is_control() => '\u{fffd}',
        _ => letter,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_terminal_obeys_nothing_that_is_shown() {
        let hostile = "a\u{1b}]0;title\u{7}\r\u{9b}2Jb\nü";
        let shown = plain(hostile);
        assert_eq!(shown, "a\u{fffd}]0;title\u{fffd}\u{fffd}\u{fffd}2Jb\nü");
    }
}
