//! The audit log: each change that somebody caused.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Actor;
use crate::Timestamp;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// Tasks were submitted.
    SubmitTask,
    /// A task was cancelled, or asked to stop.
    CancelTask,
    /// A task was made due again.
    RetryTask,
    /// A task was deleted.
    DeleteTask,
    /// It was set how a queue may be used.
    SetQueue,
    /// A schedule was made or changed.
    SetSchedule,
    /// A schedule was deleted.
    DeleteSchedule,
    /// A key was made.
    CreateKey,
    /// A key was revoked.
    RevokeKey,
    /// A browser's session began.
    SignIn,
    /// A session was ended before its time.
    EndSession,
}

impl AuditAction {
    /// Every action.
    pub const ALL: [Self; 11] = [
        Self::SubmitTask,
        Self::CancelTask,
        Self::RetryTask,
        Self::DeleteTask,
        Self::SetQueue,
        Self::SetSchedule,
        Self::DeleteSchedule,
        Self::CreateKey,
        Self::RevokeKey,
        Self::SignIn,
        Self::EndSession,
    ];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SubmitTask => "submit_task",
            Self::CancelTask => "cancel_task",
            Self::RetryTask => "retry_task",
            Self::DeleteTask => "delete_task",
            Self::SetQueue => "set_queue",
            Self::SetSchedule => "set_schedule",
            Self::DeleteSchedule => "delete_schedule",
            Self::CreateKey => "create_key",
            Self::RevokeKey => "revoke_key",
            Self::SignIn => "sign_in",
            Self::EndSession => "end_session",
        }
    }
}

impl FromStr for AuditAction {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|action| action.as_str() == word);
        known.ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("`{word}` is no action of the audit log; they are {all}")
        })
    }
}

/// One change that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Grows with each entry.
    pub id: i64,
    /// When it was made, by the store's clock.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// What was done.
    pub action: AuditAction,
    /// To what: the id of a task, schedule, key or session, or the name of a queue. Of several
    /// tasks that were submitted at once, the first.
    pub target: String,
    /// How many tasks were submitted at once, where it was more than one.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub tasks: Option<u32>,
    /// What else there is to say: a key's name and scope, a queue's settings, a schedule's rule.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub detail: Option<String>,
}

/// Which entries a list shows. An absent field lets everything pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only what this actor did: a key's name, or the id of a key, session or schedule.
    pub actor: Option<String>,
    /// Only this.
    pub action: Option<AuditAction>,
    /// Only what was done to this.
    pub target: Option<String>,
    /// Only what was done at this moment or later.
    pub since: Option<Timestamp>,
    /// Only what was done before this moment.
    pub until: Option<Timestamp>,
}

/// One page of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// The entries of this page.
    pub entries: Vec<AuditEntry>,
    /// What to send as `cursor` for the next page; null on the last.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub next_cursor: Option<String>,
}
