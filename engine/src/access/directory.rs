//! Everybody who is known, in memory: what each request is compared with.
//!
//! It is read anew from the store at the start and after each change, so that the store is what
//! counts. Whoever stays keeps the identity that streams hold on to; whoever is gone is told.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use glassworks_protocol::{ActorKind, ApiKey, Session, Timestamp};
use parking_lot::RwLock;
use subtle::ConstantTimeEq as _;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::caller::{Caller, Identity};
use super::secret::{self, LONGEST};
use crate::store::access::{Access, SecretHash, StoredKey, StoredSession, Used};
use crate::store::{Store, StoreError};

/// A session that is not used for so long is over.
pub(crate) const SESSION_IDLE: Duration = Duration::from_hours(12);
/// A session is over after so long, however much it is used.
pub(crate) const SESSION_LASTS: Duration = Duration::from_hours(7 * 24);
/// How exactly it is kept when somebody was known last: it is written no more often than this.
const USE_KEPT_EVERY: Duration = Duration::from_mins(10);

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No such key or session, or not any more.
    Unknown,
    /// It was good until a moment that has passed.
    Expired,
}

/// Everybody who is known.
pub(crate) struct Directory {
    /// Nobody has to sign in: there was no key at the start, and none has been made since. It does
    /// not come back with the last key's end, which would open a server that others can reach.
    open: AtomicBool,
    anybody: Arc<Identity>,
    known: RwLock<Known>,
    /// Held from the question to the store until its answer is taken over, so that none is replaced
    /// by an older one.
    reading: Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<Uuid, (ApiKey, Arc<Identity>)>,
    sessions: HashMap<Uuid, (StoredSession, Arc<Identity>)>,
    /// By the first half of the hash; the other half is compared in constant time.
    by_hash: HashMap<[u8; 16], (SecretHash, Arc<Identity>)>,
}

impl Directory {
    /// That of a store that holds this at the start.
    pub(crate) fn new(access: Access) -> Self {
        let directory = Self {
            open: AtomicBool::new(access.keys.is_empty()),
            anybody: Arc::new(Identity::anybody()),
            known: RwLock::default(),
            reading: Mutex::default(),
        };
        directory.update(access);
        directory
    }

    /// Whether nobody has to sign in.
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Takes over what the store holds now, as [`update`](Self::update).
    pub(crate) async fn read(&self, store: &dyn Store) -> Result<(), StoreError> {
        let _turn = self.reading.lock().await;
        self.update(store.access().await?);
        Ok(())
    }

    /// Takes over what the store holds now. Whoever is not in it any more has ended when this
    /// returns.
    pub(crate) fn update(&self, access: Access) {
        let mut known = self.known.write();
        let before = std::mem::take(&mut *known);
        for StoredKey { hash, key } in access.keys {
            let identity = match before.keys.get(&key.id) {
                Some((_, same)) => used_elsewhere(same, key.last_used_at),
                None => Arc::new(identity_of_key(&key)),
            };
            known.add(hash, &identity);
            known.keys.insert(key.id, (key, identity));
        }
        for session in access.sessions {
            let Some((key, _)) = known.keys.get(&session.key_id) else {
                continue;
            };
            let identity = match before.sessions.get(&session.id) {
                Some((_, same)) => used_elsewhere(same, Some(session.last_used_at)),
                None => Arc::new(identity_of_session(&session, key)),
            };
            known.add(session.hash, &identity);
            known.sessions.insert(session.id, (session, identity));
        }
        let keys = before.keys.into_iter();
        let keys = keys.map(|(id, (_, identity))| (id, identity));
        let sessions = before.sessions.into_iter();
        let sessions = sessions.map(|(id, (_, identity))| (id, identity));
        for (id, identity) in keys.chain(sessions) {
            if !known.keys.contains_key(&id) && !known.sessions.contains_key(&id) {
                identity.ended.cancel();
            }
        }
        if !known.keys.is_empty() && self.open.swap(false, Ordering::AcqRel) {
            // What anybody has open ends, too: from now on they have to sign in.
            self.anybody.ended.cancel();
        }
    }

    /// Whoever asks without saying who: somebody only while nobody has to sign in.
    pub(crate) fn anonymous(&self, from: Option<IpAddr>) -> Option<Caller> {
        self.is_open()
            .then(|| Caller::new(Arc::clone(&self.anybody), from))
    }

    /// Whoever has the `secret` of a key or, with `of_session`, of a session.
    pub(crate) fn find(
        &self,
        secret: &str,
        of_session: bool,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Caller, Denied> {
        if secret.len() > LONGEST {
            return Err(Denied::Unknown);
        }
        let hash = secret::hash(secret);
        let identity = {
            let known = self.known.read();
            let (stored, identity) = known.by_hash.get(&half(&hash)).ok_or(Denied::Unknown)?;
            if !bool::from(stored.ct_eq(&hash)) {
                return Err(Denied::Unknown);
            }
            Arc::clone(identity)
        };
        if (identity.kind == ActorKind::Session) != of_session {
            return Err(Denied::Unknown);
        }
        if identity.expires_at.is_some_and(|at| at <= now) {
            return Err(Denied::Expired);
        }
        let now = now.as_millis();
        if of_session {
            let idle = now.saturating_sub(identity.used_at.load(Ordering::Relaxed));
            if idle > millis(SESSION_IDLE) {
                return Err(Denied::Expired);
            }
        }
        identity.used_at.fetch_max(now, Ordering::Relaxed);
        Ok(Caller::new(identity, from))
    }

    /// Every key, oldest first, as it is known here.
    pub(crate) fn keys(&self) -> Vec<ApiKey> {
        let known = self.known.read();
        let mut keys: Vec<ApiKey> = known
            .keys
            .values()
            .map(|(key, identity)| ApiKey {
                last_used_at: identity.last_used_at(),
                ..key.clone()
            })
            .collect();
        keys.sort_unstable_by_key(|key| (key.created_at, key.id));
        keys
    }

    /// Every session that is not over, oldest first.
    pub(crate) fn sessions(&self, now: Timestamp) -> Vec<Session> {
        let known = self.known.read();
        let idle_since = now.plus_millis(-millis(SESSION_IDLE));
        let mut sessions: Vec<Session> = known
            .sessions
            .values()
            .map(|(stored, identity)| Session {
                id: stored.id,
                key_id: stored.key_id,
                key_name: identity.name.clone().unwrap_or_default(),
                scope: identity.scope,
                created_at: stored.created_at,
                expires_at: stored.expires_at,
                last_used_at: identity.last_used_at().unwrap_or(stored.last_used_at),
                from: stored.from,
                user_agent: stored.user_agent.clone(),
            })
            .filter(|session| session.expires_at > now && session.last_used_at >= idle_since)
            .collect();
        sessions.sort_unstable_by_key(|session| (session.created_at, session.id));
        sessions
    }

    /// What has been used since it was last kept, unless that was a short time ago; taken as kept.
    pub(crate) fn take_used(&self) -> Used {
        let known = self.known.read();
        let mut used = Used::default();
        for (id, (_, identity)) in &known.keys {
            used.keys.extend(unsaved(identity).map(|at| (*id, at)));
        }
        for (id, (_, identity)) in &known.sessions {
            used.sessions.extend(unsaved(identity).map(|at| (*id, at)));
        }
        used
    }
}

impl Known {
    fn add(&mut self, hash: SecretHash, identity: &Arc<Identity>) {
        self.by_hash
            .insert(half(&hash), (hash, Arc::clone(identity)));
    }
}

/// Whoever was known already, used last at this moment as far as is stored: other nodes let the same
/// session in.
fn used_elsewhere(same: &Arc<Identity>, stored: Option<Timestamp>) -> Arc<Identity> {
    if let Some(at) = stored {
        same.used_at.fetch_max(at.as_millis(), Ordering::Relaxed);
        same.saved_at.fetch_max(at.as_millis(), Ordering::Relaxed);
    }
    Arc::clone(same)
}

fn unsaved(identity: &Identity) -> Option<Timestamp> {
    let used = identity.used_at.load(Ordering::Relaxed);
    let saved = identity.saved_at.load(Ordering::Relaxed);
    let due = saved == 0 || used - saved >= millis(USE_KEPT_EVERY);
    (used > saved && due).then(|| {
        identity.saved_at.store(used, Ordering::Relaxed);
        Timestamp::from_millis(used)
    })
}

fn half(hash: &SecretHash) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    half
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn identity_of_key(key: &ApiKey) -> Identity {
    let used = key.last_used_at.map_or(0, Timestamp::as_millis);
    Identity {
        kind: ActorKind::Key,
        id: Some(key.id),
        key_id: Some(key.id),
        name: Some(key.name.clone()),
        scope: key.scope,
        reach: (!key.reach.is_all()).then(|| Arc::new(key.reach.clone())),
        expires_at: key.expires_at,
        used_at: AtomicI64::new(used),
        saved_at: AtomicI64::new(used),
        ..Identity::anybody()
    }
}

/// A session does what its key does, for as long as that does.
fn identity_of_session(session: &StoredSession, key: &ApiKey) -> Identity {
    let expires_at = key
        .expires_at
        .map_or(session.expires_at, |at| at.min(session.expires_at));
    let used = session.last_used_at.as_millis();
    Identity {
        kind: ActorKind::Session,
        id: Some(session.id),
        expires_at: Some(expires_at),
        used_at: AtomicI64::new(used),
        saved_at: AtomicI64::new(used),
        ..identity_of_key(key)
    }
}
