//! Keys of a store that no engine runs on: what the command line does while the server is down.

use std::sync::Arc;

use glassworks_protocol::{Actor, ApiKey, CreatedKey, NewKey, Timestamp};
use uuid::Uuid;

use super::key::{checked, listed};
use crate::error::Error;
use crate::limits::Limits;
use crate::options::Database;
use crate::store::access::Caused;
use crate::store::{self, OpenError, Outcome, Refusal, Store, StoreError, Write, sqlite};

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub enum DirectError {
    /// The database cannot be opened.
    #[error("the database {database} cannot be opened: {cause}")]
    Open {
        /// Which one.
        database: Database,
        /// Why.
        cause: OpenError,
    },
    /// It was opened, and then failed.
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
    /// What was asked for is not acceptable.
    #[error(transparent)]
    Refused(#[from] Error),
}

impl DirectError {
    /// Whether a running server has the database.
    pub fn is_locked(&self) -> bool {
        matches!(
            self,
            Self::Open {
                cause: OpenError::Sqlite(sqlite::OpenError::Locked),
                ..
            }
        )
    }
}

/// A store that is open for its keys alone: no task runs.
pub struct Direct(Arc<dyn Store>);

impl Direct {
    /// Opens the store that `database` names, making it when it is not there.
    pub async fn open(database: Database) -> Result<Self, DirectError> {
        store::open(&database, Limits::default())
            .await
            .map(Self)
            .map_err(|cause| DirectError::Open { database, cause })
    }

    /// Every key, oldest first.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, DirectError> {
        let access = self.0.access().await?;
        Ok(access.keys.into_iter().map(|stored| stored.key).collect())
    }

    /// Makes a key.
    pub async fn create_key(&self, new: NewKey) -> Result<CreatedKey, DirectError> {
        let known = self.0.access().await?.keys.len();
        let (row, secret) = checked(new, known)?;
        let key = listed(&row, Timestamp::now());
        match self.commit(Write::SaveKey(Box::new(row))).await? {
            Outcome::KeySaved(Ok(())) => Ok(CreatedKey {
                key,
                secret: secret.reveal().to_owned(),
            }),
            Outcome::KeySaved(Err(Refusal::NameTaken)) => {
                Err(DirectError::Refused(Error::key_name_taken()))
            }
            _ => Err(DirectError::Refused(Error::Store)),
        }
    }

    /// Revokes a key. `NoKey` when there is none with this id.
    pub async fn revoke_key(&self, id: Uuid) -> Result<(), DirectError> {
        match self.commit(Write::RevokeKey(id)).await? {
            Outcome::KeyRevoked(Some(_)) => Ok(()),
            _ => Err(DirectError::Refused(Error::NoKey(id))),
        }
    }

    async fn commit(&self, write: Write) -> Result<Outcome, DirectError> {
        let actor = Arc::new(Actor::operator());
        let caused = Caused { actor, write };
        let mut committed = self.0.commit(vec![Write::By(Box::new(caused))]).await?;
        let outcome = committed.outcomes.pop();
        outcome.ok_or(DirectError::Refused(Error::Store))
    }
}
