//! The commands about keys.

use std::time::Duration;

use clap::{Args, Subcommand};
use glassworks_protocol::{NewKey, Scope};

use super::file::read_span;
use crate::client::Server;

/// What to do with keys.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum KeyCommand {
    /// Makes a key and prints its text, which is told once and never again.
    Create(CreateKey),
    /// Lists every key, and when it was used last.
    List {
        /// As with `create`.
        #[arg(long, value_name = "URL")]
        server: Option<Server>,
    },
    /// Revokes a key: it is good for nothing at once.
    Revoke {
        /// Its id or its name.
        #[arg(value_name = "ID or NAME")]
        key: String,
        /// As with `create`.
        #[arg(long, value_name = "URL")]
        server: Option<Server>,
    },
}

/// The key to make.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct CreateKey {
    /// What the audit log and the tasks call it.
    #[arg(long)]
    name: String,
    /// What it allows: `read`, `submit`, `work` or `admin`.
    #[arg(long)]
    scope: Scope,
    /// Only tasks of these kinds, with commas between them.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<String>,
    /// Only tasks of these queues, with commas between them.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    queues: Vec<String>,
    /// How long it is good for, such as `90d` or `12h`; for ever when not said.
    #[arg(long, value_name = "SPAN", value_parser = read_span)]
    expires: Option<Duration>,
    /// Ask a running server, which has the database, instead of opening that: its address, as
    /// `http://127.0.0.1:8000`. A key with the scope `admin` is taken from the variable
    /// `GLASSWORKS_KEY`; none is needed while there are none.
    #[arg(long, value_name = "URL")]
    pub server: Option<Server>,
}

impl CreateKey {
    /// The key to be.
    pub fn new_key(&self) -> NewKey {
        NewKey {
            name: self.name.clone(),
            scope: self.scope,
            kinds: self.kinds.clone(),
            queues: self.queues.clone(),
            expires_in_ms: self
                .expires
                .map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}
