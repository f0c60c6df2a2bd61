//! Beginning a session.

use std::net::IpAddr;

use glassworks_protocol::Session;
use uuid::Uuid;

use super::directory::SESSION_LASTS;
use super::key::no_randomness;
use super::secret::{SecretText, hash};
use crate::error::Error;
use crate::store::access::SessionRow;
use crate::texts;

/// Sessions of one key at a time. One more ends the one that has been unused for longest.
const MOST_PER_KEY: usize = 100;
/// What is kept of what a browser calls itself, in bytes.
const LONGEST_USER_AGENT: usize = 200;

/// What is stored of a session to be, its token, and which sessions of its key make room for it.
pub(crate) fn new_session(
    key_id: Uuid,
    from: Option<IpAddr>,
    user_agent: Option<&str>,
    known: &[Session],
) -> Result<(SessionRow, SecretText, Vec<Uuid>), Error> {
    let token = SecretText::token().map_err(no_randomness)?;
    let row = SessionRow {
        id: Uuid::now_v7(),
        hash: hash(token.reveal()),
        key_id,
        expires_in_ms: u64::try_from(SESSION_LASTS.as_millis()).unwrap_or(u64::MAX),
        from,
        user_agent: user_agent.map(|name| {
            let mut name = name.to_owned();
            texts::shorten(&mut name, LONGEST_USER_AGENT);
            name
        }),
    };
    let mut same: Vec<&Session> = known.iter().filter(|one| one.key_id == key_id).collect();
    same.sort_unstable_by_key(|one| one.last_used_at);
    let surplus = (same.len() + 1).saturating_sub(MOST_PER_KEY);
    let surplus = same.iter().take(surplus).map(|one| one.id).collect();
    Ok((row, token, surplus))
}
