//! `glassworks key`: keys, made, listed and revoked from the command line.
//!
//! In the database itself while no server has it, and else through the server's API.

mod remote;

use std::error::Error;
use std::io::{self, Write as _};

use glassworks_engine::{Database, Direct, DirectError};
use glassworks_protocol::{ApiKey, CreatedKey, NewKey};
use glassworks_server::access::KEY_VARIABLE;
use glassworks_server::config::{Config, KeyCommand};
use uuid::Uuid;

use remote::Remote;

/// Does what was asked for, and says what came of it.
pub(crate) fn run(command: KeyCommand, config: Config) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(carry_out(command, config.database))
}

/// Where the keys are.
enum Keys {
    Direct(Direct),
    Remote(Remote),
}

async fn carry_out(command: KeyCommand, database: Database) -> Result<(), Box<dyn Error>> {
    let server = match &command {
        KeyCommand::Create(new) => &new.server,
        KeyCommand::List { server } | KeyCommand::Revoke { server, .. } => server,
    };
    let keys = match server {
        Some(server) => Keys::Remote(Remote(server.clone().with_key_of_environment()?)),
        None => Keys::Direct(Direct::open(database).await.map_err(in_use)?),
    };
    let mut out = io::stdout().lock();
    match command {
        KeyCommand::Create(new) => {
            let CreatedKey { key, secret } = keys.create(new.new_key()).await?;
            let _ = writeln!(
                io::stderr(),
                "The key {} ({}) was made. This is its text, told once and never again:",
                key.name,
                key.id
            );
            // Alone on its line, so that a script can take it.
            writeln!(out, "{secret}")?;
        }
        KeyCommand::List { .. } => {
            for key in keys.list().await? {
                writeln!(out, "{}", line(&key))?;
            }
        }
        KeyCommand::Revoke { key, .. } => {
            let id = keys.find(&key).await?;
            keys.revoke(id).await?;
            let left = keys.list().await.map_or(1, |keys| keys.len());
            let _ = writeln!(io::stderr(), "The key {key} is good for nothing any more.");
            if left == 0 {
                let _ = writeln!(
                    io::stderr(),
                    "There is no key left: at its next start the server asks nobody to sign in."
                );
            }
        }
    }
    Ok(())
}

/// Says what to do when a server has the database.
fn in_use(error: DirectError) -> Box<dyn Error> {
    if error.is_locked() {
        return format!(
            "{error}: to ask that server, say --server with its address (http://127.0.0.1:8000), and \
             put a key with the scope admin into {KEY_VARIABLE}"
        )
        .into();
    }
    error.into()
}

/// One key of the list: fields that scripts can cut, with tabs between them.
fn line(key: &ApiKey) -> String {
    let names = |names: &[String]| match names {
        [] => "all".to_owned(),
        some => some.join(","),
    };
    let expires = key
        .expires_at
        .map_or("never".to_owned(), |at| at.to_string());
    let used = key
        .last_used_at
        .map_or("never".to_owned(), |at| at.to_string());
    format!(
        "{}\t{}\tscope={}\tkinds={}\tqueues={}\texpires={expires}\tlast_used={used}",
        key.id,
        key.name,
        key.scope,
        names(&key.reach.kinds),
        names(&key.reach.queues),
    )
}

impl Keys {
    async fn create(&self, new: NewKey) -> Result<CreatedKey, Box<dyn Error>> {
        match self {
            Self::Direct(direct) => Ok(direct.create_key(new).await?),
            Self::Remote(remote) => remote.create(&new).await,
        }
    }

    async fn list(&self) -> Result<Vec<ApiKey>, Box<dyn Error>> {
        match self {
            Self::Direct(direct) => Ok(direct.keys().await?),
            Self::Remote(remote) => remote.list().await,
        }
    }

    async fn revoke(&self, id: Uuid) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Direct(direct) => Ok(direct.revoke_key(id).await?),
            Self::Remote(remote) => remote.revoke(id).await,
        }
    }

    /// The id of the key that has this id or name.
    async fn find(&self, named: &str) -> Result<Uuid, Box<dyn Error>> {
        let keys = self.list().await?;
        let found = keys
            .iter()
            .find(|key| key.name == named || key.id.to_string() == named);
        let found = found.ok_or_else(|| format!("there is no key {named}"))?;
        Ok(found.id)
    }
}
