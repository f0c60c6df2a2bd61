//! Who may do what, and who did what: keys, sessions, and the audit log.

mod audit;
mod key;
mod session;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use audit::{AuditAction, AuditEntry, AuditFilter, AuditPage};
pub use key::{ApiKey, CreatedKey, NewKey};
pub use session::Session;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See tasks, queues, schedules and figures.
    Read,
    /// That, and submit tasks, cancel, retry and delete them.
    Submit,
    /// Lease tasks and make their attempts, and nothing else: no task is seen that was not leased.
    Work,
    /// Everything, queues, schedules, keys and the audit log included.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Read, Self::Submit, Self::Work, Self::Admin];

    /// Whether who has this scope may do what asks for `needed`.
    pub const fn allows(self, needed: Self) -> bool {
        match self {
            Self::Admin => true,
            Self::Submit => matches!(needed, Self::Read | Self::Submit),
            Self::Read => matches!(needed, Self::Read),
            Self::Work => matches!(needed, Self::Work),
        }
    }

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Work => "work",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|scope| scope.as_str() == word);
        known.ok_or_else(|| format!("`{word}` is no scope; they are read, submit, work, admin"))
    }
}

/// Which tasks somebody has to do with, whatever the scope. Nothing named is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Reach {
    /// Only tasks of these kinds; of all when empty.
    pub kinds: Vec<String>,
    /// Only tasks of these queues; of all when empty.
    pub queues: Vec<String>,
}

impl Reach {
    /// Whether every task is within it.
    pub fn is_all(&self) -> bool {
        self.kinds.is_empty() && self.queues.is_empty()
    }

    /// Whether a task of `kind` in `queue` is within it.
    pub fn has(&self, kind: &str, queue: &str) -> bool {
        self.has_kind(kind) && self.has_queue(queue)
    }

    /// Whether tasks of `kind` are.
    pub fn has_kind(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|name| name == kind)
    }

    /// Whether tasks in `queue` are.
    pub fn has_queue(&self, queue: &str) -> bool {
        self.queues.is_empty() || self.queues.iter().any(|name| name == queue)
    }
}

/// In what way somebody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// By a key.
    Key,
    /// By a browser's session, which somebody began with a key.
    Session,
    /// Not at all: nobody has to sign in while there are no keys.
    Anonymous,
    /// It is a schedule that fired.
    Schedule,
    /// Whoever can open the database: the command line, or what the server was started with.
    Operator,
}

impl ActorKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Key,
        Self::Session,
        Self::Anonymous,
        Self::Schedule,
        Self::Operator,
    ];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Session => "session",
            Self::Anonymous => "anonymous",
            Self::Schedule => "schedule",
            Self::Operator => "operator",
        }
    }
}

/// Who caused a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Actor {
    /// In what way it is known.
    pub kind: ActorKind,
    /// The id of the key, the session or the schedule.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub id: Option<Uuid>,
    /// The name of the key, also of the one that a session was begun with.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub name: Option<String>,
    /// The address that it was asked from.
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<String>))]
    pub from: Option<IpAddr>,
}

impl Actor {
    /// A schedule that fires.
    pub fn schedule(id: Uuid) -> Self {
        Self {
            id: Some(id),
            ..Self::of(ActorKind::Schedule)
        }
    }

    /// Whoever can open the database.
    pub fn operator() -> Self {
        Self::of(ActorKind::Operator)
    }

    fn of(kind: ActorKind) -> Self {
        Self {
            kind,
            id: None,
            name: None,
            from: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Reach, Scope};

    #[test]
    fn scopes_nest_and_work_stands_apart() {
        use Scope::{Admin, Read, Submit, Work};
        let allowed = |scope: Scope| Scope::ALL.map(|needed| scope.allows(needed));
        assert_eq!(Scope::ALL, [Read, Submit, Work, Admin]);
        assert_eq!(allowed(Read), [true, false, false, false]);
        assert_eq!(allowed(Submit), [true, true, false, false]);
        assert_eq!(allowed(Work), [false, false, true, false]);
        assert_eq!(allowed(Admin), [true, true, true, true]);
    }

    #[test]
    fn a_reach_without_names_is_everything() {
        let all = Reach::default();
        assert!(all.is_all() && all.has("sleep", "default"));
        let some = Reach {
            kinds: vec!["sleep".to_owned()],
            queues: vec!["a".to_owned(), "b".to_owned()],
        };
        assert!(some.has("sleep", "b"));
        assert!(!some.has("sleep", "c") && !some.has("fetch", "a"));
    }
}
