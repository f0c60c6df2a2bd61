//! Tasks as lists show them. Pure, and the same for every store.

use glassworks_protocol::{TaskFilter, TaskSummary};

use crate::texts;

/// The most bytes of a failure's message, or of what a task says of its progress, in a list.
const SHORT_TEXT: usize = 500;

/// Cuts long texts: the task itself tells them whole.
pub(crate) fn shorten(task: &mut TaskSummary) {
    if let Some(error) = &mut task.error {
        texts::shorten_middle(&mut error.message, SHORT_TEXT);
    }
    if let Some(message) = task.progress.as_mut().and_then(|now| now.message.as_mut()) {
        texts::shorten(message, SHORT_TEXT);
    }
}

/// Whether the filter lets a task pass, its text apart.
pub(crate) fn passes(filter: &TaskFilter, task: &TaskSummary) -> bool {
    (filter.state.is_empty() || filter.state.contains(&task.state))
        && filter.kind.as_ref().is_none_or(|kind| *kind == task.kind)
        && filter
            .queue
            .as_ref()
            .is_none_or(|queue| *queue == task.queue)
        && filter
            .tag
            .as_ref()
            .is_none_or(|tag| task.tags.contains(tag))
        && filter.is_in_time(task.id)
        && filter.reaches(&task.kind, &task.queue)
}
