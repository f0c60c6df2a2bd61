//! Keys, sessions, and who caused a write: what stores keep of them.

use std::net::IpAddr;
use std::sync::Arc;

use glassworks_protocol::{Actor, ApiKey, Reach, Scope, Timestamp};
use uuid::Uuid;

use super::Write;

/// SHA-256 of what proves who somebody is: what is stored in its place.
pub type SecretHash = [u8; 32];

/// A write, and who caused it.
#[derive(Clone, Debug)]
pub struct Caused {
    /// Who.
    pub actor: Arc<Actor>,
    /// What.
    pub write: Write,
}

/// A key to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// A fresh `UUIDv7`.
    pub id: Uuid,
    /// Of its text.
    pub hash: SecretHash,
    /// As in [`NewKey`](glassworks_protocol::NewKey).
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// Which tasks it has to do with.
    pub reach: Reach,
    /// How long it is good for from when it is stored, in milliseconds.
    pub expires_in_ms: Option<u64>,
}

/// A session to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// A fresh `UUIDv7`.
    pub id: Uuid,
    /// Of its token.
    pub hash: SecretHash,
    /// The key that it is begun with.
    pub key_id: Uuid,
    /// How long it lasts at most from when it is stored, in milliseconds.
    pub expires_in_ms: u64,
    /// The address that it is begun from.
    pub from: Option<IpAddr>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
}

/// When keys and sessions were used last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Keys by their ids.
    pub keys: Vec<(Uuid, Timestamp)>,
    /// Sessions by their ids.
    pub sessions: Vec<(Uuid, Timestamp)>,
}

/// Every key and every session, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The keys.
    pub keys: Vec<StoredKey>,
    /// The sessions.
    pub sessions: Vec<StoredSession>,
}

/// A key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Of its text.
    pub hash: SecretHash,
    /// The key.
    pub key: ApiKey,
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// Of its token.
    pub hash: SecretHash,
    /// As in [`Session`](glassworks_protocol::Session).
    pub id: Uuid,
    /// As in [`Session`](glassworks_protocol::Session).
    pub key_id: Uuid,
    /// As in [`Session`](glassworks_protocol::Session).
    pub created_at: Timestamp,
    /// As in [`Session`](glassworks_protocol::Session).
    pub expires_at: Timestamp,
    /// As in [`Session`](glassworks_protocol::Session).
    pub last_used_at: Timestamp,
    /// As in [`Session`](glassworks_protocol::Session).
    pub from: Option<IpAddr>,
    /// As in [`Session`](glassworks_protocol::Session).
    pub user_agent: Option<String>,
}
