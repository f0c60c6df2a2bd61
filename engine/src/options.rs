//! What an engine is started with.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use glassworks_protocol::{QueueSettings, RateLimit};
use serde::Deserialize;

use crate::access::AdminKey;
use crate::error::Error;
use crate::limits::{Limits, Retention};
use crate::remote::kinds::DeclaredKind;
use crate::store::OpenError;
use crate::store::postgres::Address;

/// What an engine is started with. Every field has a default that suits one machine.
#[derive(Clone, Debug)]
pub struct Options {
    /// Tasks that may run at a time on this node, at least 1. Default: 100.
    pub workers: u32,
    /// The name of this node; different for each node that shares a store. Default: the host's
    /// name and the process's number.
    pub node: String,
    /// How long a claim holds without renewal; renewed three times in this span. Default: 30 s.
    pub lease: Duration,
    /// How long an attempt that was asked to stop may take before it is ended. Default: 5 s.
    pub cancel_grace: Duration,
    /// How long attempts may go on once shutdown has begun. Default: 25 s.
    pub shutdown_grace: Duration,
    /// How much of everything there may be.
    pub limits: Limits,
    /// How long finished tasks are kept.
    pub retention: Retention,
    /// The queues whose tasks this node runs; of all when `None`, which is the default. Tasks of other
    /// queues wait for another node.
    pub serve_queues: Option<Vec<String>>,
    /// A key with the scope `admin` that counts from the start on. Another one that was given so
    /// before counts no more.
    pub admin_key: Option<AdminKey>,
    /// Whether to refuse to start while there is no key, and so nobody has to sign in.
    pub needs_key: bool,
    /// How queues may be used from the start on, by name; other queues are as they were left.
    pub queues: BTreeMap<String, QueueRule>,
    /// Kinds that workers serve, by name: they can be submitted before the first worker has come.
    pub kinds: BTreeMap<String, DeclaredKind>,
    /// How long the lease of a remote worker's attempt lasts until its first beat. Default: 10 s.
    pub first_lease: Duration,
}

/// How a queue may be used, as its operator says at each start. An absent limit is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueRule {
    /// Whether its tasks wait; when absent, that stays as it was left.
    pub paused: Option<bool>,
    /// As in [`QueueSettings`].
    pub concurrency: Option<u32>,
    /// As in [`QueueSettings`].
    pub max_running: Option<u32>,
    /// As in [`QueueSettings`].
    pub rate: Option<RateLimit>,
}

impl QueueRule {
    /// The settings of a queue that was left with `settings`.
    pub(crate) fn over(self, settings: QueueSettings) -> QueueSettings {
        QueueSettings {
            paused: self.paused.unwrap_or(settings.paused),
            // What is said at the start holds until somebody says otherwise.
            paused_until: settings.paused_until.filter(|_| self.paused.is_none()),
            concurrency: self.concurrency,
            max_running: self.max_running,
            rate: self.rate,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        let host = gethostname::gethostname();
        Self {
            workers: 100,
            node: format!("{}-{}", host.to_string_lossy(), std::process::id()),
            lease: Duration::from_secs(30),
            cancel_grace: Duration::from_secs(5),
            shutdown_grace: Duration::from_secs(25),
            limits: Limits::default(),
            retention: Retention::default(),
            serve_queues: None,
            admin_key: None,
            needs_key: false,
            queues: BTreeMap::new(),
            kinds: BTreeMap::new(),
            first_lease: Duration::from_secs(10),
        }
    }
}

/// Where tasks are kept, written as `sqlite:FILE` or `postgres://USER:PASSWORD@HOST:PORT/NAME`. It
/// never shows a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file, made when it is not there. One process at a time.
    Sqlite(PathBuf),
    /// A PostgreSQL database. Any number of processes at a time.
    Postgres(Box<Address>),
}

impl FromStr for Database {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return match text.parse() {
                Ok(address) => Ok(Self::Postgres(Box::new(address))),
                Err(what) => Err(format!("the URL of the database cannot be used: {what}")),
            };
        }
        match text.strip_prefix("sqlite:") {
            Some(file) if file.starts_with("file:") || file.starts_with("//") => Err(format!(
                "`{text}` looks like a URI: write sqlite: and the file's name as it is"
            )),
            Some(":memory:") => Err(format!(
                "`{text}` would keep nothing: tasks are kept in a file, write sqlite:FILE"
            )),
            Some(file) if !file.is_empty() => Ok(Self::Sqlite(PathBuf::from(file))),
            // Without what it is instead: that may have a password.
            _ if text.contains("://") => Err("it is not a database: write sqlite:FILE or \
                 postgres://USER:PASSWORD@HOST:PORT/NAME"
                .to_owned()),
            _ => Err(format!(
                "`{text}` is not a database: write sqlite:FILE or \
                 postgres://USER:PASSWORD@HOST:PORT/NAME"
            )),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            Self::Postgres(address) => write!(f, "{address}"),
        }
    }
}

/// Why an engine could not start, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error("the database {database} cannot be opened: {cause}")]
    Open {
        /// Which one.
        database: Database,
        /// Why.
        cause: OpenError,
    },
    /// It was opened, and then failed.
    #[error("the database failed while lost tasks were taken back; the log says how")]
    Recover,
    /// It was opened, and then failed.
    #[error("the database failed while its keys were read; the log says how")]
    Access,
    /// Nobody would have to sign in.
    #[error("there is no key, so nobody would have to sign in")]
    NoKey,
    /// A kind cannot be declared as the options say.
    #[error("the kind `{name}` cannot be declared: {cause}")]
    Kind {
        /// Which one.
        name: String,
        /// Why.
        cause: String,
    },
    /// A queue cannot be used as the options say.
    #[error("the queue `{name}` cannot be set: {cause}")]
    Queue {
        /// Which one.
        name: String,
        /// Why.
        cause: Error,
    },
}
