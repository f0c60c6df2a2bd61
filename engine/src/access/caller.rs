//! Who asks for something.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use glassworks_protocol::{Actor, ActorKind, Reach, Scope, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Who asks for something, and from where. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caller {
    identity: Arc<Identity>,
    from: Option<IpAddr>,
}

/// Somebody who is known: a key, a session, or anybody while nobody has to sign in.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) kind: ActorKind,
    /// Of the key or the session.
    pub(crate) id: Option<Uuid>,
    /// The key, also the one that a session was begun with.
    pub(crate) key_id: Option<Uuid>,
    pub(crate) name: Option<String>,
    pub(crate) scope: Scope,
    /// `None` for everything.
    pub(crate) reach: Option<Arc<Reach>>,
    pub(crate) expires_at: Option<Timestamp>,
    /// When it was used last, and what of that is stored; in milliseconds, 0 for never.
    pub(crate) used_at: AtomicI64,
    pub(crate) saved_at: AtomicI64,
    /// Cancelled once it may do nothing any more.
    pub(crate) ended: CancellationToken,
}

impl Identity {
    /// Anybody.
    pub(crate) fn anybody() -> Self {
        Self {
            kind: ActorKind::Anonymous,
            id: None,
            key_id: None,
            name: None,
            scope: Scope::Admin,
            reach: None,
            expires_at: None,
            used_at: AtomicI64::new(0),
            saved_at: AtomicI64::new(0),
            ended: CancellationToken::new(),
        }
    }

    pub(crate) fn last_used_at(&self) -> Option<Timestamp> {
        let used = self.used_at.load(Ordering::Relaxed);
        (used > 0).then(|| Timestamp::from_millis(used))
    }
}

impl Caller {
    pub(crate) fn new(identity: Arc<Identity>, from: Option<IpAddr>) -> Self {
        Self { identity, from }
    }

    /// What it may do.
    pub fn scope(&self) -> Scope {
        self.identity.scope
    }

    /// In what way it is known.
    pub fn kind(&self) -> ActorKind {
        self.identity.kind
    }

    /// The name of its key.
    pub fn name(&self) -> Option<&str> {
        self.identity.name.as_deref()
    }

    /// Its session, when it has one.
    pub fn session(&self) -> Option<Uuid> {
        let id = self.identity.id;
        id.filter(|_| self.identity.kind == ActorKind::Session)
    }

    /// Its key, also when it has signed in with it.
    pub fn key(&self) -> Option<Uuid> {
        self.identity.key_id
    }

    /// Which tasks it has to do with; `None` for all.
    pub fn reach(&self) -> Option<&Arc<Reach>> {
        self.identity.reach.as_ref()
    }

    /// Waits until it may do nothing any more: its key was revoked, its session ended, or either
    /// has expired. Whatever it has open ends then. Cancel safe.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let ended = self.identity.ended.clone();
        let expires_at = self.identity.expires_at;
        async move {
            let Some(expires_at) = expires_at else {
                return ended.cancelled().await;
            };
            loop {
                let left = expires_at.millis_since(Timestamp::now());
                let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else {
                    return;
                };
                // In pieces: no timer waits for ever, and clocks are set.
                let wait = Duration::from_millis(left).min(Duration::from_mins(1));
                tokio::select! {
                    () = ended.cancelled() => return,
                    () = tokio::time::sleep(wait) => {}
                }
            }
        }
    }

    /// How the audit log knows it.
    pub fn actor(&self) -> Actor {
        Actor {
            kind: self.identity.kind,
            id: self.identity.id,
            name: self.identity.name.clone(),
            from: self.from,
        }
    }

    /// The address that it asks from.
    pub fn from(&self) -> Option<IpAddr> {
        self.from
    }
}
