//! Sessions: browsers that have signed in.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Scope;
use crate::Timestamp;

/// A browser that has signed in with a key. Without its token, which only the browser has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// Given by the server.
    pub id: Uuid,
    /// The key that it began with, and ends with.
    pub key_id: Uuid,
    /// That key's name.
    pub key_name: String,
    /// What it allows: what the key does.
    pub scope: Scope,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends at the latest; earlier when it is not used.
    pub expires_at: Timestamp,
    /// When it was used last, to within ten minutes.
    pub last_used_at: Timestamp,
    /// The address that it began from.
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>))]
    pub from: Option<IpAddr>,
    /// What the browser calls itself, its beginning.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub user_agent: Option<String>,
}
