//! Making keys and sessions: what is checked, and what is stored of them.

use glassworks_protocol::{ApiKey, FieldError, NewKey, Reach, Scope, Timestamp};
use uuid::Uuid;

use super::secret::{AdminKey, SecretText, hash};
use crate::error::Error;
use crate::store::access::{KeyRow, StoredKey};

/// Keys at a time.
const MOST_KEYS: usize = 1_000;
/// Kinds or queues that a key can be limited to.
const MOST_NAMES: usize = 100;
/// Characters of a key's name.
const LONGEST_NAME: usize = 64;
/// Characters of the name of a kind or queue.
const LONGEST_LIMIT: usize = 64;
/// The name of the key that the operator's file has.
const ADMIN_KEY: &str = "admin-key-file";

/// What is stored of a key to be, and its text. `known` is how many keys there are.
pub(crate) fn checked(new: NewKey, known: usize) -> Result<(KeyRow, SecretText), Error> {
    let mut faults = Vec::new();
    let mut check = |fits: bool, pointer: &str, detail: &str| {
        if !fits {
            faults.push(FieldError::new(pointer, detail));
        }
    };
    check(
        is_name(&new.name),
        "/name",
        "must be 1 to 64 letters, digits, `_`, `-` or `.`",
    );
    for (names, pointer) in [(&new.kinds, "/kinds"), (&new.queues, "/queues")] {
        let fits = names.len() <= MOST_NAMES
            && names.iter().all(|name| {
                (1..=LONGEST_LIMIT).contains(&name.chars().count())
                    && !name.chars().any(char::is_control)
            });
        check(
            fits,
            pointer,
            "must be at most 100 names of 1 to 64 characters",
        );
        check(
            names.is_empty() || new.scope != Scope::Admin,
            pointer,
            "cannot limit a key with the scope admin, which may make keys without limits",
        );
    }
    check(
        new.expires_in_ms != Some(0),
        "/expires_in_ms",
        "must be at least 1",
    );
    check(
        known < MOST_KEYS,
        "",
        "there are 1000 keys, which is the limit",
    );
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let secret = SecretText::key().map_err(no_randomness)?;
    let row = KeyRow {
        id: Uuid::now_v7(),
        hash: hash(secret.reveal()),
        name: new.name,
        scope: new.scope,
        reach: Reach {
            kinds: new.kinds,
            queues: new.queues,
        },
        expires_in_ms: new.expires_in_ms,
    };
    Ok((row, secret))
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

pub(super) fn no_randomness(error: getrandom::Error) -> Error {
    tracing::error!(%error, "the system gives no randomness");
    Error::Store
}

/// A key that was stored at `now`, as it is listed.
pub(crate) fn listed(row: &KeyRow, now: Timestamp) -> ApiKey {
    let after = |millis: u64| now.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    ApiKey {
        id: row.id,
        name: row.name.clone(),
        scope: row.scope,
        reach: row.reach.clone(),
        created_at: now,
        expires_at: row.expires_in_ms.map(after),
        last_used_at: None,
    }
}

/// What is to be changed so that the operator's key is the one of its name: the key to revoke, and
/// the one to keep.
pub(crate) fn admin_key(key: &AdminKey, known: &[StoredKey]) -> (Option<Uuid>, Option<KeyRow>) {
    let hash = key.hash();
    if known.iter().any(|stored| stored.hash == hash) {
        return (None, None);
    }
    let before = known.iter().find(|stored| stored.key.name == ADMIN_KEY);
    let row = KeyRow {
        id: Uuid::now_v7(),
        hash,
        name: ADMIN_KEY.to_owned(),
        scope: Scope::Admin,
        reach: Reach::default(),
        expires_in_ms: None,
    };
    (before.map(|stored| stored.key.id), Some(row))
}
