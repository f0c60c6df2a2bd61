//! The configuration file: TOML with everything that the flags set, and what is too long for them.
//! `docs/glassworks.toml` shows all of it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use std::{fs, io};

use clap::ArgMatches;
use clap::parser::ValueSource;
use glassworks_engine::{Database, DeclaredKind, Limits, QueueRule, Retention};
use glassworks_handlers::command::Program;
use glassworks_handlers::outbound::Upstream;
use jiff::{Span, SpanRelativeTo};
use serde::de::{Deserialize, Deserializer, Error as _};

use super::{Config, LogFormat, Switch, host_name};
use crate::guard::body::MAX_BODY;

/// The largest result that can be allowed, in bytes. A result travels whole, in one message of a
/// WebSocket among others.
const LARGEST_RESULT: usize = 8 * 1024 * 1024;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {}: {cause}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It says what nobody understands.
    #[error("{}, line {line}: {what}", file.display())]
    Wrong {
        /// Which file.
        file: PathBuf,
        /// Where, from 1.
        line: usize,
        /// The key, and what is wrong with it.
        what: String,
    },
}

/// What stands in a file. An absent key leaves its setting as it is.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    listen: Option<SocketAddr>,
    #[serde(deserialize_with = "parsed")]
    database: Option<Database>,
    #[serde(deserialize_with = "workers")]
    workers: Option<u32>,
    serve_queues: Option<Vec<String>>,
    lab: Option<Switch>,
    #[serde(deserialize_with = "lab_runs")]
    lab_runs: Option<u32>,
    #[serde(deserialize_with = "memory_budget")]
    memory_budget: Option<u32>,
    #[serde(deserialize_with = "host_names")]
    allowed_hosts: Option<Vec<String>>,
    #[serde(deserialize_with = "upstreams")]
    allowed_upstreams: Option<Vec<Upstream>>,
    log_format: Option<LogFormat>,
    allow_unauthenticated_remote_access: Option<bool>,
    #[serde(rename = "admin_key_file")]
    admin_key: Option<PathBuf>,
    public_metrics: Option<bool>,
    queues: BTreeMap<String, QueueRule>,
    commands: BTreeMap<String, Program>,
    kinds: BTreeMap<String, DeclaredKind>,
    retention: RetentionSection,
    limits: LimitsSection,
}

/// `[retention]`: how long finished tasks, and entries of the audit log, are kept.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RetentionSection {
    #[serde(deserialize_with = "span")]
    completed: Option<Duration>,
    #[serde(deserialize_with = "span")]
    failed: Option<Duration>,
    #[serde(deserialize_with = "span")]
    audit: Option<Duration>,
}

/// `[limits]`: how much of everything there may be.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitsSection {
    backlog: Option<NonZeroU64>,
    #[serde(deserialize_with = "at_most::<MAX_BODY, _>")]
    payload_bytes: Option<usize>,
    #[serde(deserialize_with = "at_most::<LARGEST_RESULT, _>")]
    result_bytes: Option<usize>,
    output_bytes: Option<NonZeroU64>,
    events: Option<NonZeroU64>,
}

impl File {
    /// Reads `file`.
    pub(super) fn read(file: &Path) -> Result<Self, FileError> {
        let text = fs::read_to_string(file).map_err(|cause| FileError::Unreadable {
            file: file.to_owned(),
            cause,
        })?;
        Self::parse(&text).map_err(|(line, what)| FileError::Wrong {
            file: file.to_owned(),
            line,
            what,
        })
    }

    /// What `text` says; or the line and what is wrong there.
    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let place = |error: &toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            before.matches('\n').count() + 1
        };
        let toml = toml::Deserializer::parse(text)
            .map_err(|error| (place(&error), error.message().to_owned()))?;
        serde_path_to_error::deserialize(toml).map_err(|error| {
            let key = error.path().to_string();
            let error = error.into_inner();
            (place(&error), format!("{key}: {}", error.message()))
        })
    }

    /// Sets what neither a flag nor a variable has said, by `matches`.
    pub(super) fn fill(self, config: &mut Config, matches: &ArgMatches) {
        fill(matches, "listen", &mut config.listen, self.listen);
        fill(matches, "database", &mut config.database, self.database);
        fill(matches, "workers", &mut config.workers, self.workers);
        let served = &mut config.serve_queues;
        fill(matches, "serve_queues", served, self.serve_queues);
        fill(matches, "lab", &mut config.lab, self.lab.map(Some));
        fill(matches, "lab_runs", &mut config.lab_runs, self.lab_runs);
        fill(
            matches,
            "memory_budget",
            &mut config.memory_budget,
            self.memory_budget,
        );
        let hosts = &mut config.allowed_hosts;
        fill(matches, "allowed_hosts", hosts, self.allowed_hosts);
        let upstreams = &mut config.allowed_upstreams;
        fill(
            matches,
            "allowed_upstreams",
            upstreams,
            self.allowed_upstreams,
        );
        fill(
            matches,
            "log_format",
            &mut config.log_format,
            self.log_format,
        );
        fill(
            matches,
            "allow_unauthenticated_remote_access",
            &mut config.allow_unauthenticated_remote_access,
            self.allow_unauthenticated_remote_access,
        );
        fill(
            matches,
            "admin_key_file",
            &mut config.admin_key_file,
            self.admin_key.map(Some),
        );
        let public = &mut config.public_metrics;
        fill(matches, "public_metrics", public, self.public_metrics);
        config.queues = self.queues;
        config.commands = self.commands;
        config.kinds = self.kinds;
        let default = Retention::default();
        config.retention = Retention {
            completed: self.retention.completed.unwrap_or(default.completed),
            failed: self.retention.failed.unwrap_or(default.failed),
            audit: self.retention.audit.unwrap_or(default.audit),
        };
        let default = Limits::default();
        let limits = self.limits;
        config.limits = Limits {
            backlog: limits.backlog.map_or(default.backlog, NonZeroU64::get),
            payload_bytes: limits.payload_bytes.unwrap_or(default.payload_bytes),
            result_bytes: limits.result_bytes.unwrap_or(default.result_bytes),
            output_bytes: limits
                .output_bytes
                .map_or(default.output_bytes, NonZeroU64::get),
            events: limits.events.map_or(default.events, NonZeroU64::get),
            ..default
        };
    }
}

/// Sets `setting` to the file's `value`, unless the argument `name` was given.
fn fill<T>(matches: &ArgMatches, name: &str, setting: &mut T, value: Option<T>) {
    let given = matches
        .value_source(name)
        .is_some_and(|source| source != ValueSource::DefaultValue);
    if let Some(value) = value
        && !given
    {
        *setting = value;
    }
}

/// Reads a text as the flag of the same name reads it.
fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

fn workers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    within(&super::WORKERS, deserializer)
}

fn lab_runs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    within(&super::LAB_RUNS, deserializer)
}

fn memory_budget<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    within(&super::MEMORY_BUDGET, deserializer)
}

fn within<'de, D: Deserializer<'de>>(
    range: &RangeInclusive<i64>,
    deserializer: D,
) -> Result<Option<u32>, D::Error> {
    let number = u32::deserialize(deserializer)?;
    if range.contains(&number.into()) {
        return Ok(Some(number));
    }
    Err(D::Error::custom(format!(
        "must be {} to {}",
        range.start(),
        range.end()
    )))
}

fn host_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    for name in &names {
        host_name(name).map_err(|error| D::Error::custom(format!("`{name}`: {error}")))?;
    }
    Ok(Some(names))
}

fn upstreams<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Upstream>>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let read = |text: &String| {
        let upstream: Result<Upstream, _> = text.parse();
        upstream.map_err(|error| D::Error::custom(format!("`{text}`: {error}")))
    };
    texts.iter().map(read).collect::<Result<_, _>>().map(Some)
}

/// Reads a duration as people write it: `90 min`, `24h`, `7d`.
pub(crate) fn read_span(text: &str) -> Result<Duration, String> {
    let span: Result<Span, _> = text.parse();
    span.ok()
        .and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok())
        .and_then(|span| Duration::try_from(span).ok())
        .ok_or_else(|| format!("`{text}` is not a duration such as 90min, 24h or 7d"))
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    read_span(&text).map(Some).map_err(D::Error::custom)
}

/// Reads a number of bytes from 1 to `MOST`.
fn at_most<'de, const MOST: usize, D>(deserializer: D) -> Result<Option<usize>, D::Error>
where
    D: Deserializer<'de>,
{
    let bytes = NonZeroUsize::deserialize(deserializer)?.get();
    if bytes <= MOST {
        return Ok(Some(bytes));
    }
    Err(D::Error::custom(format!("must be at most {MOST}")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::File;

    #[test]
    fn the_example_is_a_configuration() {
        let file = File::parse(include_str!("../../../docs/glassworks.toml")).unwrap();
        assert_eq!(file.workers, Some(100));
        assert_eq!(file.retention.failed, Some(Duration::from_hours(7 * 24)));
        let mail = &file.queues["mail"];
        assert_eq!(mail.concurrency, Some(4));
        assert_eq!(mail.paused, None);
        assert!(file.commands.contains_key("resize"));
        assert!(file.kinds["transcode"].schema.is_some());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_key() {
        for (text, line, key) in [
            ("workers = 3\ncolour = \"blue\"\n", 2, "colour: unknown"),
            (
                "\n[queues.mail]\nrates = 5\n",
                3,
                "queues.mail.rates: unknown",
            ),
            ("[queue.mail]\n", 1, "queue: unknown"),
            (
                "[commands.it]\nprogram = \"/bin/it\"\nstop_signal = \"STOP\"\n",
                3,
                "commands.it.stop_signal: `STOP` is no signal to stop with",
            ),
            (
                "workers = 1\n[commands.it]\nprogram = \"/bin/it\"\nstop_grace_ms = 60001\n",
                2,
                "commands.it: `stop_grace_ms` must be 0 to 60000",
            ),
            ("workers = \"many\"\n", 1, "workers: "),
            ("workers = 0\n", 1, "workers: must be 1 to 10000"),
            ("lab = \"maybe\"\n", 1, "lab: unknown"),
            ("lab_runs = 17\n", 1, "lab_runs: must be 1 to 16"),
            ("memory_budget = 10\n", 1, "memory_budget: must be 64 to"),
            ("listen = \"here\"\n", 1, "listen: "),
            ("database = \"oracle:x\"\n", 1, "database: `oracle:x`"),
            ("\n\nlog_format = \"xml\"\n", 3, "log_format: "),
            ("allowed_hosts = [\"a:80\"]\n", 1, "allowed_hosts: `a:80`"),
            (
                "[retention]\nfailed = \"soon\"\n",
                2,
                "retention.failed: `soon`",
            ),
            (
                "[retention]\nfailed = \"-1h\"\n",
                2,
                "retention.failed: `-1h`",
            ),
            ("[limits]\nbacklog = 0\n", 2, "limits.backlog: "),
            ("[commands.list]\nprogram = \"ls\"\n", 1, "commands.list: "),
            (
                "[commands.list]\nprogram = \"/bin/ls\"\nshell = true\n",
                3,
                "commands.list.shell: unknown",
            ),
            (
                "allowed_upstreams = [\"a/b\"]\n",
                1,
                "allowed_upstreams: `a/b`",
            ),
            (
                "[limits]\npayload_bytes = 2000000\n",
                2,
                "limits.payload_bytes: must be at most 1048576",
            ),
        ] {
            let (at, what) = File::parse(text).unwrap_err();
            assert!(what.starts_with(key), "{text}: {what}");
            assert!(!what.contains('\n'), "{what}");
            assert_eq!(at, line, "{text}: {what}");
        }
        let (line, what) = File::parse("workers = 3\nworkers 4\n").unwrap_err();
        assert_eq!(line, 2, "{what}");
    }

    #[test]
    fn durations_are_written_as_people_write_them() {
        for (text, seconds) in [
            ("90min", 5_400),
            ("24h", 86_400),
            ("7d", 604_800),
            ("1 day 12 hours", 129_600),
            ("0s", 0),
        ] {
            let file = File::parse(&format!("[retention]\ncompleted = \"{text}\"\n")).unwrap();
            let expected = Duration::from_secs(seconds);
            assert_eq!(file.retention.completed, Some(expected), "{text}");
        }
    }
}
