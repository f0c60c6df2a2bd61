//! Which changes the audit log tells of, and what it says of each: decided once for every store.
//!
//! Pure. A store asks for the [`subject`] of a write that somebody caused before it applies it, and
//! for the [`entry`] when it knows the outcome; what changed nothing has none.

use std::fmt::Write as _;

use glassworks_protocol::{AuditAction, Event, TaskId};

use super::write::{Accepted, Outcome, Write};
use crate::texts;

/// The longest detail, in bytes.
const LONGEST_DETAIL: usize = 500;

/// What a write is about, as far as the log tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    action: Option<AuditAction>,
    target: String,
    detail: Option<String>,
    /// The task that a firing submits if it does.
    firing: Option<TaskId>,
}

/// An entry to be stored, beside its actor and its moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// As in [`AuditEntry`](glassworks_protocol::AuditEntry).
    pub action: AuditAction,
    /// As in [`AuditEntry`](glassworks_protocol::AuditEntry).
    pub target: String,
    /// As in [`AuditEntry`](glassworks_protocol::AuditEntry).
    pub tasks: Option<u32>,
    /// As in [`AuditEntry`](glassworks_protocol::AuditEntry).
    pub detail: Option<String>,
}

/// What `write` is about.
pub fn subject(write: &Write) -> Subject {
    let of = |action, target: String| Subject {
        action: Some(action),
        target,
        ..Subject::default()
    };
    match write {
        // Which tasks were new, the outcome says.
        Write::Submit(_) | Write::SubmitOnce { .. } => of(AuditAction::SubmitTask, String::new()),
        Write::Fire(firing) => Subject {
            firing: firing.task.as_ref().map(|task| task.id),
            ..of(AuditAction::SubmitTask, String::new())
        },
        Write::Cancel(task) => of(AuditAction::CancelTask, task.to_string()),
        Write::Retry(task) => of(AuditAction::RetryTask, task.to_string()),
        Write::Delete(task) => of(AuditAction::DeleteTask, task.to_string()),
        Write::SaveQueue { name, settings } => Subject {
            detail: serde_json::to_string(settings).ok(),
            ..of(AuditAction::SetQueue, name.clone())
        },
        Write::SaveSchedule(schedule) => {
            let mut detail = format!("{} {}", schedule.cron, schedule.time_zone);
            // Cannot fail: a String takes all that is written to it.
            let _ = write!(detail, ", kind {}", schedule.task.kind);
            if schedule.paused {
                detail.push_str(", paused");
            }
            texts::shorten(&mut detail, LONGEST_DETAIL);
            Subject {
                detail: Some(detail),
                ..of(AuditAction::SetSchedule, schedule.id.to_string())
            }
        }
        Write::DeleteSchedule(id) => of(AuditAction::DeleteSchedule, id.to_string()),
        Write::SaveKey(key) => Subject {
            detail: Some(format!("{}, scope {}", key.name, key.scope)),
            ..of(AuditAction::CreateKey, key.id.to_string())
        },
        Write::RevokeKey(id) => of(AuditAction::RevokeKey, id.to_string()),
        Write::SaveSession(session) => of(AuditAction::SignIn, session.id.to_string()),
        Write::EndSession(id) => of(AuditAction::EndSession, id.to_string()),
        Write::By(caused) => subject(&caused.write),
        // What the system does by itself.
        Write::Probe
        | Write::Claim(_)
        | Write::Offer(_)
        | Write::Report { .. }
        | Write::Record { .. }
        | Write::Finish { .. }
        | Write::Renew { .. }
        | Write::Rescue { .. }
        | Write::Reschedule { .. }
        | Write::SaveUse(_)
        | Write::Prune { .. }
        | Write::PruneSessions { .. }
        | Write::PruneAudit { .. }
        | Write::PruneRequests { .. } => Subject::default(),
    }
}

/// What the log says of a write with this `subject`; `None` when it changed nothing. `events` are
/// those that the write has left.
pub fn entry(subject: Subject, outcome: &Outcome, events: &[Event]) -> Option<NewEntry> {
    let mut entry = NewEntry {
        action: subject.action?,
        target: subject.target,
        tasks: None,
        detail: subject.detail,
    };
    let changed = match outcome {
        Outcome::Submitted(Ok(accepted)) => {
            let mut new = accepted.iter().filter_map(|one| match one {
                Accepted::New(head) => Some(head.id),
                Accepted::Existing(_) | Accepted::Replayed(_) => None,
            });
            entry.target = new.next()?.to_string();
            let more = new.count();
            let count = u32::try_from(more + 1).unwrap_or(u32::MAX);
            entry.tasks = (more > 0).then_some(count);
            true
        }
        Outcome::Fired(Ok(true)) => {
            let task = subject.firing?;
            entry.target = task.to_string();
            events.iter().any(|event| event.task_id == task)
        }
        // Asking a running task to stop once more changes nothing, and leaves no event. Nor does
        // a deletion, which leaves nothing at all.
        Outcome::Changed(Ok(_)) => entry.action == AuditAction::DeleteTask || !events.is_empty(),
        Outcome::KeyRevoked(Some(name)) => {
            entry.detail = Some(name.clone());
            true
        }
        Outcome::QueueSaved
        | Outcome::ScheduleSaved
        | Outcome::ScheduleDeleted(true)
        | Outcome::KeySaved(Ok(()))
        | Outcome::SessionSaved
        | Outcome::SessionEnded(true) => true,
        _ => false,
    };
    changed.then_some(entry)
}
