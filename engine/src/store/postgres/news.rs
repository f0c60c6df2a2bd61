//! What a batch tells the other nodes, in the message of one `NOTIFY`.

use glassworks_protocol::TaskId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::News;
use crate::store::write::Committed;

/// The longest message that PostgreSQL takes, in bytes.
const LONGEST: usize = 7_999;
/// More tasks than this never fit.
const MOST_TASKS: usize = LONGEST / 35;

/// What a batch has done that its outcomes do not say.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Whether it may have left work, where it has claimed.
    left_work: Option<bool>,
    /// A schedule was made, changed or deleted.
    pub(super) schedules: bool,
    /// A worker offers kinds.
    pub(super) kinds: bool,
    /// A key or a session was made or ended.
    pub(super) access: bool,
    cancelled: Vec<(TaskId, u32)>,
}

/// A message. Short names: many are to fit.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of another thing whether to look"
)]
#[derive(Debug, Default, Serialize, Deserialize)]
struct Message {
    /// The store that sent it.
    b: Uuid,
    /// Tasks that changed; without, anything may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    t: Option<Vec<Simple>>,
    /// Attempts that were asked to stop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    c: Vec<(Simple, u32)>,
    /// There may be work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    w: bool,
    /// Schedules changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    s: bool,
    /// Kinds were offered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    k: bool,
    /// Keys or sessions changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    a: bool,
}

/// An id without hyphens.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Simple(#[serde(with = "uuid::serde::simple")] Uuid);

impl Draft {
    /// It has claimed, and is known to have left some or not.
    pub(super) fn claimed(&mut self, more: bool) {
        *self.left_work.get_or_insert_default() |= more;
    }

    /// When it ends, tasks are queued or not.
    pub(super) fn left(&mut self, queued: bool) {
        if let Some(left_work) = &mut self.left_work {
            *left_work |= queued;
        }
    }

    /// A running attempt was asked to stop.
    pub(super) fn cancelled(&mut self, task: TaskId, attempt: u32) {
        self.cancelled.push((task, attempt));
    }

    /// The message, if there is anything to tell.
    pub(super) fn finish(self, by: Uuid, committed: &Committed) -> Option<String> {
        let changed = committed.events.iter().map(|event| event.task_id);
        let mut tasks: Vec<Uuid> = changed
            .chain(committed.deleted.iter().copied())
            .map(|id| id.0)
            .collect();
        tasks.sort_unstable();
        tasks.dedup();
        // A claim that changed nothing brought nothing: nodes that told each other of what none of
        // them takes would never end.
        let changed = committed.wake || !tasks.is_empty();
        let work = changed && self.left_work.unwrap_or(committed.wake);
        let rules = self.schedules || self.kinds || self.access;
        if tasks.is_empty() && !work && !rules && self.cancelled.is_empty() {
            return None;
        }
        let mut message = Message {
            b: by,
            t: (tasks.len() <= MOST_TASKS).then(|| tasks.into_iter().map(Simple).collect()),
            c: self
                .cancelled
                .into_iter()
                .take(MOST_TASKS)
                .map(|(task, attempt)| (Simple(task.0), attempt))
                .collect(),
            w: work,
            s: self.schedules,
            k: self.kinds,
            a: self.access,
        };
        let fits = |text: &String| text.len() <= LONGEST;
        let text = serde_json::to_string(&message).ok();
        if let Some(text) = text.filter(fits) {
            return Some(text);
        }
        // Who is told to look finds the rest.
        message.t = None;
        let text = serde_json::to_string(&message).ok();
        if let Some(text) = text.filter(fits) {
            return Some(text);
        }
        message.c = Vec::new();
        serde_json::to_string(&message).ok()
    }
}

/// What a message tells a node; nothing when it sent it itself. What cannot be read, as from a
/// later version, is a reason to look.
pub(super) fn read(text: &str, own: Uuid) -> Option<News> {
    let Ok(message) = serde_json::from_str::<Message>(text) else {
        return Some(News::anything());
    };
    if message.b == own {
        return None;
    }
    let named = message.t.map(|tasks| {
        let ids = tasks.into_iter().map(|Simple(id)| TaskId(id));
        ids.collect()
    });
    let cancelled = message.c.into_iter();
    Some(News {
        tasks: named,
        cancelled: cancelled
            .map(|(Simple(task), attempt)| (TaskId(task), attempt))
            .collect(),
        work: message.w,
        schedules: message.s,
        kinds: message.k,
        access: message.a,
    })
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::TaskId;
    use uuid::Uuid;

    use super::{Draft, LONGEST, read};
    use crate::store::News;
    use crate::store::write::Committed;

    fn deleted(count: usize) -> Committed {
        Committed {
            deleted: (0..count).map(|_| TaskId(Uuid::now_v7())).collect(),
            ..Committed::default()
        }
    }

    #[test]
    fn what_is_told_is_read_by_all_others() {
        let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
        assert_eq!(Draft::default().finish(one, &Committed::default()), None);
        for (count, named) in [(1, true), (200, true), (300, false), (5_000, false)] {
            let committed = deleted(count);
            let mut draft = Draft::default();
            let stopped = (TaskId(Uuid::now_v7()), 3);
            draft.cancelled(stopped.0, stopped.1);
            let text = draft.finish(one, &committed).unwrap();
            assert!(text.len() <= LONGEST, "{}", text.len());
            assert_eq!(read(&text, one), None);
            let news = read(&text, other).unwrap();
            assert_eq!(news.tasks, named.then_some(committed.deleted));
            assert_eq!(news.cancelled, [stopped]);
        }
        let offered = Draft {
            kinds: true,
            ..Draft::default()
        };
        let text = offered.finish(one, &Committed::default()).unwrap();
        assert!(read(&text, other).unwrap().kinds);
        let draft = Draft {
            access: true,
            ..Draft::default()
        };
        let text = draft.finish(one, &Committed::default()).unwrap();
        let access = News {
            access: true,
            ..News::none()
        };
        assert_eq!(read(&text, other), Some(access));
        let mut draft = Draft::default();
        for _ in 0..1_000 {
            draft.cancelled(TaskId(Uuid::now_v7()), 1);
        }
        let text = draft.finish(one, &deleted(1_000)).unwrap();
        assert_eq!(read(&text, other).unwrap().tasks, None);
        assert_eq!(read("?", other), Some(News::anything()));
    }

    #[test]
    fn a_claim_that_finds_nothing_tells_nobody_to_look() {
        let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
        let claimed = |queued, committed: &Committed| {
            let mut draft = Draft::default();
            draft.claimed(false);
            draft.left(queued);
            let text = draft.finish(one, committed);
            text.map(|text| read(&text, other).unwrap().work)
        };
        assert_eq!(claimed(true, &Committed::default()), None);
        assert_eq!(claimed(true, &deleted(1)), Some(true));
        assert_eq!(claimed(false, &deleted(1)), Some(false));
    }
}
