//! What the operator can set: flags, environment variables of the same names, and a file.
//!
//! A flag comes before its variable, a variable before the file, the file before the default.

mod file;
mod key;
mod told;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::error::{ContextKind, ContextValue};
use clap::{
    Args, CommandFactory, FromArgMatches as _, Parser, Subcommand, ValueEnum, value_parser,
};
use clap_complete::Shell;
use glassworks_engine::{AdminKey, Database, DeclaredKind, Limits, QueueRule, Retention};
use glassworks_handlers::command::Program;
use glassworks_handlers::lab::{self, Lab};
use glassworks_handlers::outbound::Upstream;
use http::uri::Authority;
use serde::Deserialize;

use self::file::File;
pub use self::file::FileError;
pub(crate) use self::file::read_span;
pub use self::key::{CreateKey, KeyCommand};
pub use self::told::Setting;
use crate::budget::Budget;
use crate::console::TaskCommand;
use crate::work::WorkOptions;

/// How many tasks a node may run at a time.
const WORKERS: RangeInclusive<i64> = 1..=10_000;

/// How many experiments of the lab a node may run at a time.
const LAB_RUNS: RangeInclusive<i64> = 1..=16;

/// The memory that may be held for clients, in MiB.
const MEMORY_BUDGET: RangeInclusive<i64> = Budget::LEAST_MIB as i64..=1024 * 1024;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "glassworks",
    version,
    about = "An async task server you can see through"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

/// What to do.
#[derive(Clone, Debug, Default, Subcommand)]
pub enum Command {
    /// Runs the server. This is what `glassworks` without a command does, too.
    #[default]
    Serve,
    /// Runs a program for each task of a kind: a worker, on any machine that reaches the server.
    Work(Box<WorkOptions>),
    /// Asks a running server for tasks, or to change them.
    #[command(flatten)]
    Tasks(TaskCommand),
    /// Prints a script that completes commands and options in a shell.
    Completions {
        /// The shell.
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Prints the API's OpenAPI 3.1 document.
    Openapi,
    /// Makes, lists and revokes keys: who may do what.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Copies the database, a SQLite file, as it is at one moment. A server can be at work on it.
    Backup {
        /// Where to: a file that is not there yet. To go back to it, start a server with it.
        #[arg(value_name = "FILE")]
        copy: PathBuf,
    },
    /// Looks through a SQLite file for damage, and ends with 1 when there is any. A server can be at
    /// work on it.
    Check {
        /// Which file; the server's database when none is named.
        #[arg(value_name = "FILE")]
        copy: Option<PathBuf>,
    },
    /// Writes everything that is in the database, as lines of JSON. No server may run on it.
    Export {
        /// The file to make; `-` is the standard output.
        #[arg(value_name = "FILE", default_value = "-")]
        to: PathBuf,
    },
    /// Takes an export into an empty database, or goes on where it was cut off. No server may run on
    /// it.
    Import {
        /// The file to read; `-` is the standard input.
        #[arg(value_name = "FILE", default_value = "-")]
        from: PathBuf,
    },
}

impl Cli {
    /// What to do and what to serve with, from the command line, the variables and the file.
    ///
    /// It ends the process where clap does: at `--help`, and at a bad option, which it names.
    pub fn read() -> Result<Self, FileError> {
        read(std::env::args_os()).unwrap_or_else(|refused| refused.exit())
    }

    /// Writes the script by which `shell` completes this command line.
    ///
    /// # Errors
    ///
    /// When nobody takes it.
    pub fn complete(shell: Shell, mut out: impl Write) -> io::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Self::command_line(), "glassworks", &mut script);
        out.write_all(&script)
    }

    fn command_line() -> clap::Command {
        <Self as CommandFactory>::command()
    }

    /// What to do.
    pub fn command(&self) -> Command {
        self.command.clone().unwrap_or_default()
    }

    /// What to serve with.
    pub fn config(self) -> Config {
        self.config
    }
}

/// What `line` says, beside the variables and the file; the outer error is of the line itself.
fn read<T: Into<OsString> + Clone>(
    line: impl IntoIterator<Item = T>,
) -> Result<Result<Cli, FileError>, clap::Error> {
    let matches = Cli::command_line()
        .try_get_matches_from(line)
        .map_err(without_password)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    let Some(path) = &cli.config.file else {
        return Ok(Ok(cli));
    };
    Ok(File::read(path).map(|file| {
        file.fill(&mut cli.config, &matches);
        cli
    }))
}

/// An error that repeats the value it refuses, unless that may have a password in it.
fn without_password(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
        && let Some((scheme, _)) = value.split_once("://")
    {
        let shown = format!("{scheme}://...");
        error.insert(ContextKind::InvalidValue, ContextValue::String(shown));
    }
    error
}

/// What to serve with.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// A TOML file with more settings. What a flag or a variable says comes before it.
    #[arg(
        long = "config",
        global = true,
        env = "GLASSWORKS_CONFIG",
        value_name = "FILE"
    )]
    file: Option<PathBuf>,

    /// Address and port to serve on; port 0 lets the system choose one.
    #[arg(
        long,
        global = true,
        env = "GLASSWORKS_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8000"
    )]
    pub listen: SocketAddr,

    /// Where tasks are kept: in a file, or in a PostgreSQL database that several nodes share. A
    /// password is best given by the variable, since everybody on a machine sees its command lines.
    #[arg(
        long,
        global = true,
        env = "GLASSWORKS_DATABASE",
        hide_env_values = true,
        value_name = "sqlite:FILE|postgres://...",
        default_value = "sqlite:glassworks.db"
    )]
    pub database: Database,

    /// How many tasks this node runs at a time.
    #[arg(long, global = true, env = "GLASSWORKS_WORKERS", value_name = "COUNT", default_value_t = 100, value_parser = value_parser!(u32).range(WORKERS))]
    pub workers: u32,

    /// A queue whose tasks this node runs; without any, those of all queues. Repeatable;
    /// comma-separated in the variable.
    #[arg(
        long = "serve-queue",
        global = true,
        env = "GLASSWORKS_SERVE_QUEUE",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub serve_queues: Vec<String>,

    /// How much memory may be held for clients, in MiB: bodies, answers, and what followers have
    /// not taken yet. At the default all of the server stays under 512 MiB, whatever clients do.
    #[arg(long, global = true, env = "GLASSWORKS_MEMORY_BUDGET", value_name = "MIB", default_value_t = Budget::DEFAULT_MIB, value_parser = value_parser!(u32).range(MEMORY_BUDGET))]
    pub memory_budget: u32,

    /// A further host name to answer to, without its port. Repeatable; comma-separated in the
    /// variable.
    #[arg(long = "allowed-host", global = true, env = "GLASSWORKS_ALLOWED_HOST", value_name = "NAME", value_delimiter = ',', value_parser = host_name)]
    pub allowed_hosts: Vec<String>,

    /// A host that tasks may reach although its addresses are not public, on every port when none
    /// is said. Repeatable; comma-separated in the variable.
    #[arg(
        long = "allow-upstream",
        global = true,
        env = "GLASSWORKS_ALLOW_UPSTREAM",
        value_name = "HOST[:PORT]",
        value_delimiter = ','
    )]
    pub allowed_upstreams: Vec<Upstream>,

    /// Whether tasks of the kind `lab` run here. Their experiments start servers on ports of the
    /// loopback interface for as long as they last. Without it they do where this server itself
    /// listens on the loopback interface alone.
    #[arg(long, global = true, env = "GLASSWORKS_LAB", value_name = "SWITCH")]
    pub lab: Option<Switch>,

    /// How many experiments of the lab run at a time; others wait.
    #[arg(long, global = true, env = "GLASSWORKS_LAB_RUNS", value_name = "COUNT", default_value_t = lab::RUNS, value_parser = value_parser!(u32).range(LAB_RUNS))]
    pub lab_runs: u32,

    /// How to write the log, on standard error. `RUST_LOG` says how much.
    #[arg(
        long,
        global = true,
        env = "GLASSWORKS_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,

    /// Serve beyond this machine although there is no key and nobody has to sign in: whoever reaches
    /// the address can run and read every task.
    #[arg(
        long,
        global = true,
        env = "GLASSWORKS_ALLOW_UNAUTHENTICATED_REMOTE_ACCESS",
        value_parser = BoolishValueParser::new()
    )]
    pub allow_unauthenticated_remote_access: bool,

    /// A file with a key that has the scope `admin`: 32 to 256 characters without spaces. Another one
    /// that was given so before counts no more.
    #[arg(
        long,
        global = true,
        env = "GLASSWORKS_ADMIN_KEY_FILE",
        value_name = "FILE"
    )]
    pub admin_key_file: Option<PathBuf>,

    /// Show `/metrics` to anybody; otherwise it asks for a key with the scope `read`.
    #[arg(
        long,
        global = true,
        env = "GLASSWORKS_PUBLIC_METRICS",
        value_parser = BoolishValueParser::new()
    )]
    pub public_metrics: bool,

    /// How queues may be used, by name. From the file alone, as is what follows.
    #[arg(skip)]
    pub queues: BTreeMap<String, QueueRule>,

    /// The programs that tasks of the kind `command` may run, by name.
    #[arg(skip)]
    pub commands: BTreeMap<String, Program>,

    /// Kinds that workers serve, by name.
    #[arg(skip)]
    pub kinds: BTreeMap<String, DeclaredKind>,

    /// How long finished tasks, and entries of the audit log, are kept.
    #[arg(skip)]
    pub retention: Retention,

    /// How much of everything there may be.
    #[arg(skip)]
    pub limits: Limits,
}

/// Whether there is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// There is.
    On,
    /// There is not.
    Off,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why a configuration cannot be served with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Everybody could run tasks.
    #[error(
        "refusing to listen on {0}: there is no key, so whoever reaches that address could run tasks; make one (glassworks key create --name admin --scope admin), listen on a loopback address, or say --allow-unauthenticated-remote-access"
    )]
    Exposed(SocketAddr),
    /// The operator's key cannot be read.
    #[error("cannot read the key in {}: {cause}", file.display())]
    AdminKey {
        /// Where it should be.
        file: PathBuf,
        /// Why.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Config {
    /// How long a shutdown waits for running tasks.
    pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(25);

    /// Whether there has to be a key: others than this machine's users could reach the server.
    pub fn needs_key(&self) -> bool {
        self.is_remote() && !self.allow_unauthenticated_remote_access
    }

    /// The lab, if there is one: a server that others reach has none unless it was asked for.
    pub fn lab(&self) -> Option<Lab> {
        let wanted = match self.lab {
            Some(switch) => switch == Switch::On,
            None => !self.is_remote(),
        };
        wanted.then(|| Lab::new(self.lab_runs))
    }

    fn is_remote(&self) -> bool {
        !self.listen.ip().to_canonical().is_loopback()
    }

    /// The operator's key, when a file has one.
    pub fn admin_key(&self) -> Result<Option<AdminKey>, ConfigError> {
        let Some(file) = &self.admin_key_file else {
            return Ok(None);
        };
        let read = || -> Result<AdminKey, Box<dyn std::error::Error + Send + Sync>> {
            Ok(AdminKey::parse(&fs::read_to_string(file)?)?)
        };
        read().map(Some).map_err(|cause| ConfigError::AdminKey {
            file: file.clone(),
            cause,
        })
    }
}

/// A host name as it stands in a `Host` header, without the port.
fn host_name(text: &str) -> Result<String, String> {
    let name: Option<Authority> = text.parse().ok();
    match name {
        Some(name) if name.as_str() == name.host() => Ok(text.to_owned()),
        _ => Err("expected a host name without scheme, port or path".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use super::{Command, Config, LogFormat, Switch, read};

    fn config(arguments: &[&str]) -> Result<Config, clap::Error> {
        let line = std::iter::once("glassworks").chain(arguments.iter().copied());
        read(line).map(|cli| cli.unwrap().config())
    }

    #[test]
    fn serve_is_what_happens_without_a_command() {
        let bare = config(&["--workers", "3", "--log-format", "json"]).unwrap();
        let after = config(&["serve", "--workers", "3", "--log-format", "json"]).unwrap();
        let before = config(&["--workers", "3", "--log-format", "json", "serve"]).unwrap();
        for config in [bare, after, before] {
            assert_eq!(config.workers, 3);
            assert_eq!(config.log_format, LogFormat::Json);
            assert_eq!(config.listen.to_string(), "127.0.0.1:8000");
        }
        let command = |line: &[&str]| read(line.iter().copied()).unwrap().unwrap().command();
        assert!(matches!(command(&["glassworks"]), Command::Serve));
        let openapi = command(&["glassworks", "openapi"]);
        assert!(matches!(openapi, Command::Openapi));
        let work = ["glassworks", "work", "--kind", "resize", "--", "./it", "-x"];
        assert!(matches!(command(&work), Command::Work(_)));
    }

    #[test]
    fn a_password_is_not_repeated() {
        for url in [
            "postgres://me:s3cret@db:port/tasks",
            "postgres://me:s3cret@db/tasks?sslmode=maybe",
            "postgrs://me:s3cret@db/tasks",
        ] {
            let refused = config(&["--database", url]).unwrap_err().to_string();
            assert!(refused.contains("--database"), "{refused}");
            assert!(!refused.contains("s3cret"), "{refused}");
        }
        let taken = config(&["--database", "postgres://me:s3cret@db/tasks"]).unwrap();
        assert_eq!(taken.database.to_string(), "postgres://me@db:5432/tasks");
        assert!(!format!("{taken:?}").contains("s3cret"));
        let told = taken.told();
        assert!(told.iter().any(|it| it.value.contains("me@db:5432/tasks")));
        assert!(!format!("{told:?}").contains("s3cret"));
    }

    #[test]
    fn nonsense_is_refused() {
        for arguments in [
            ["--listen", "somewhere"],
            ["--listen", "127.0.0.1"],
            ["--workers", "0"],
            ["--workers", "many"],
            ["--memory-budget", "63"],
            ["--memory-budget", "1G"],
            ["--database", "oracle:tasks"],
            ["--allowed-host", "http://tasks.example"],
            ["--allowed-host", "tasks.example:80"],
            ["--allow-upstream", "http://wiki.internal"],
            ["--lab", "maybe"],
            ["--lab-runs", "0"],
            ["--log-format", "xml"],
            ["--colour", "blue"],
        ] {
            assert!(config(&arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn serving_beyond_this_machine_has_to_be_asked_for() {
        for listen in [
            "127.0.0.1:0",
            "127.8.9.1:0",
            "[::1]:0",
            "[::ffff:127.0.0.1]:0",
        ] {
            let config = config(&["--listen", listen]).unwrap();
            assert!(!config.needs_key(), "{listen}");
        }
        for listen in ["0.0.0.0:0", "[::]:0", "192.168.1.5:8000"] {
            assert!(config(&["--listen", listen]).unwrap().needs_key());
            let asked = config(&["--listen", listen, "--allow-unauthenticated-remote-access"]);
            assert!(!asked.unwrap().needs_key(), "{listen}");
        }
    }

    #[test]
    fn a_server_that_others_reach_has_no_lab_unless_asked_for() {
        let has_lab = |line: &[&str]| config(line).unwrap().lab().is_some();
        assert!(has_lab(&[]));
        assert!(!has_lab(&["--lab", "off"]));
        assert!(!has_lab(&["--listen", "0.0.0.0:80"]));
        assert!(has_lab(&["--listen", "0.0.0.0:80", "--lab", "on"]));
    }

    #[test]
    fn the_file_sets_what_no_flag_has_set() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let text = "workers = 7\nlab = \"off\"\nlab_runs = 5\nmemory_budget = 300\nlisten = \"127.0.0.1:9\"\nallowed_hosts = [\"a\"]\n\
                    [retention]\nfailed = \"1h\"\n[queues.mail]\nconcurrency = 2\n";
        file.write_all(text.as_bytes()).unwrap();
        let path = file.path().to_str().unwrap();
        for line in [
            ["--config", path, "--workers", "3", "serve"],
            ["serve", "--workers", "3", "--config", path],
        ] {
            let config = config(&line).unwrap();
            assert_eq!(config.workers, 3);
            assert_eq!(config.memory_budget, 300);
            assert_eq!((config.lab, config.lab_runs), (Some(Switch::Off), 5));
            assert_eq!(config.listen.to_string(), "127.0.0.1:9");
            assert_eq!(config.allowed_hosts, ["a"]);
            assert_eq!(config.log_format, LogFormat::Text);
            assert_eq!(config.retention.failed, Duration::from_hours(1));
            assert_eq!(config.retention.completed, Duration::from_hours(24));
            assert_eq!(config.queues["mail"].concurrency, Some(2));
        }
        // Naming the default outright is saying it.
        let said = config(&["--config", path, "--workers", "100"]).unwrap();
        assert_eq!(said.workers, 100);
    }

    #[test]
    fn several_names_can_be_allowed() {
        let config = config(&[
            "--allowed-host",
            "a.example",
            "--allowed-host",
            "b.example,c",
        ]);
        assert_eq!(
            config.unwrap().allowed_hosts,
            ["a.example", "b.example", "c"]
        );
    }
}
