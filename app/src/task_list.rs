//! A list of tasks that follows what changes.

use glassworks_protocol::{TaskId, TaskSummary};

/// The most new tasks that wait to be shown; beyond, the list is loaded again.
const MOST_WAITING: usize = 100;

/// Which changes a list takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// New tasks join it. It is loaded so many at a time, and may grow to a few times as many.
    Newest(usize),
    /// Its tasks change, but no others join: a page further back.
    Fixed,
}

/// Takes in what changed; `rows` is newest first where it grows, and stays so, and `more` says
/// whether there are tasks after it. True when the list should be loaded again: it has grown too
/// long, or has become too short although there are more.
#[must_use]
pub(crate) fn merge(
    rows: &mut Vec<TaskSummary>,
    upsert: Vec<TaskSummary>,
    removed: &[TaskId],
    growth: Growth,
    more: bool,
) -> bool {
    rows.retain(|row| !removed.contains(&row.id));
    for task in upsert {
        let Some(task) = update(rows, task) else {
            continue;
        };
        let place = rows.partition_point(|row| row.id > task.id);
        // Behind the last row is the next page's beginning: what joined here would hide a gap.
        let is_of_page = place < rows.len() || !more;
        if matches!(growth, Growth::Newest(_)) && is_of_page {
            rows.insert(place, task);
        }
    }
    match growth {
        Growth::Newest(page) => rows.len() > 3 * page || (more && rows.len() < page),
        Growth::Fixed => false,
    }
}

/// Changes a task in its place. Gives it back when it has none; news that come late change nothing.
fn update(rows: &mut [TaskSummary], task: TaskSummary) -> Option<TaskSummary> {
    let Some(row) = rows.iter_mut().find(|row| row.id == task.id) else {
        return Some(task);
    };
    if task.last_seq >= row.last_seq {
        *row = task;
    }
    None
}

/// What has come about while the rows had to stay where they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Waiting {
    /// Tasks that would join the list.
    new: Vec<TaskSummary>,
    /// Tasks of the list that do not belong to it any more.
    gone: Vec<TaskId>,
    /// More would join than are kept.
    is_full: bool,
}

impl Waiting {
    /// Takes in what changed without moving a row.
    pub(crate) fn hold(
        &mut self,
        rows: &mut [TaskSummary],
        upsert: Vec<TaskSummary>,
        removed: &[TaskId],
        growth: Growth,
        more: bool,
    ) {
        for id in removed {
            self.new.retain(|task| task.id != *id);
            if rows.iter().any(|row| row.id == *id) && !self.gone.contains(id) {
                self.gone.push(*id);
            }
        }
        let oldest = rows.iter().map(|row| row.id).min();
        for task in upsert {
            let id = task.id;
            let Some(task) = update(rows, task) else {
                self.gone.retain(|gone| *gone != id);
                continue;
            };
            let is_of_page = !more || oldest.is_none_or(|oldest| id > oldest);
            if growth == Growth::Fixed || !is_of_page {
                continue;
            }
            let Some(task) = update(&mut self.new, task) else {
                continue;
            };
            if self.new.len() < MOST_WAITING {
                self.new.push(task);
            } else {
                self.is_full = true;
            }
        }
    }

    /// What is to be taken in now; `None` when that is too much, and the list is to be loaded again.
    pub(crate) fn take(&mut self) -> Option<(Vec<TaskSummary>, Vec<TaskId>)> {
        let Self { new, gone, is_full } = std::mem::take(self);
        (!is_full).then_some((new, gone))
    }

    /// Whether a row is shown that does not belong to the list any more.
    pub(crate) fn is_gone(&self, id: TaskId) -> bool {
        self.gone.contains(&id)
    }

    /// What waits, in words; `None` when nothing does.
    pub(crate) fn words(&self) -> Option<String> {
        let plus = if self.is_full { "+" } else { "" };
        match (self.new.len(), self.gone.len()) {
            (0, 0) => None,
            (new, 0) => Some(format!("{new}{plus} new")),
            (0, gone) => Some(format!("{gone} gone")),
            (new, gone) => Some(format!("{new}{plus} new, {gone} gone")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Growth, MOST_WAITING, Waiting, merge};
    use crate::fixture::{id, summary};

    fn numbers(rows: &[glassworks_protocol::TaskSummary]) -> Vec<glassworks_protocol::TaskId> {
        rows.iter().map(|row| row.id).collect()
    }

    #[test]
    fn new_tasks_join_in_order() {
        let mut rows = vec![summary(5, 1), summary(3, 1)];
        let reload = merge(
            &mut rows,
            vec![summary(4, 1), summary(6, 1)],
            &[],
            Growth::Newest(2),
            true,
        );
        assert_eq!(numbers(&rows), [id(6), id(5), id(4), id(3)]);
        assert!(!reload);
    }

    #[test]
    fn what_belongs_to_the_next_page_does_not_join_this_one() {
        let mut rows = vec![summary(5, 1), summary(4, 1)];
        let late = || vec![summary(2, 9)];
        let page = Growth::Newest(2);
        assert!(!merge(&mut rows, late(), &[], page, true));
        assert_eq!(numbers(&rows), [id(5), id(4)]);
        let mut waiting = Waiting::default();
        waiting.hold(&mut rows, late(), &[], page, true);
        assert_eq!(waiting.words(), None);
        // Where nothing follows, it is the last.
        assert!(!merge(&mut rows, late(), &[], page, false));
        assert_eq!(numbers(&rows), [id(5), id(4), id(2)]);
    }

    #[test]
    fn a_list_too_long_or_too_short_is_loaded_again() {
        let page = Growth::Newest(1);
        let mut rows = vec![summary(5, 1), summary(4, 1), summary(3, 1)];
        assert!(merge(&mut rows, vec![summary(6, 1)], &[], page, false));
        let mut rows = vec![summary(5, 1)];
        assert!(!merge(&mut rows.clone(), vec![], &[id(5)], page, false));
        assert!(merge(&mut rows, vec![], &[id(5)], page, true));
    }

    #[test]
    fn an_older_page_keeps_its_tasks_and_updates_them() {
        let mut rows = vec![summary(5, 1), summary(3, 1)];
        let reload = merge(
            &mut rows,
            vec![summary(9, 1), summary(3, 7)],
            &[id(5)],
            Growth::Fixed,
            true,
        );
        assert_eq!(numbers(&rows), [id(3)]);
        assert_eq!(rows[0].last_seq, 7);
        assert!(!reload);
    }

    #[test]
    fn late_news_does_not_undo_newer() {
        let mut rows = vec![summary(5, 9)];
        let _ = merge(&mut rows, vec![summary(5, 4)], &[], Growth::Fixed, true);
        assert_eq!(rows[0].last_seq, 9);
    }

    #[test]
    fn what_waits_moves_no_row_and_is_taken_in_at_once() {
        let page = Growth::Newest(2);
        let mut rows = vec![summary(5, 1), summary(3, 1)];
        let mut waiting = Waiting::default();
        let news = vec![summary(6, 1), summary(4, 1), summary(3, 2)];
        waiting.hold(&mut rows, news, &[id(5)], page, false);
        assert_eq!(numbers(&rows), [id(5), id(3)]);
        assert_eq!(rows[1].last_seq, 2, "a row changes in its place");
        assert!(waiting.is_gone(id(5)) && !waiting.is_gone(id(3)));
        assert_eq!(waiting.words().as_deref(), Some("2 new, 1 gone"));
        // One that came and went, and one that went and came back.
        waiting.hold(&mut rows, vec![summary(5, 2)], &[id(4)], page, false);
        assert_eq!(waiting.words().as_deref(), Some("1 new"));
        let (new, gone) = waiting.take().unwrap();
        assert!(!merge(&mut rows, new, &gone, page, false));
        assert_eq!(numbers(&rows), [id(6), id(5), id(3)]);
        assert_eq!(waiting, Waiting::default());
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut waiting = Waiting::default();
        let news = (0..500).map(|number| summary(number, 1)).collect();
        waiting.hold(&mut [], news, &[], Growth::Newest(50), true);
        assert_eq!(waiting.words(), Some(format!("{MOST_WAITING}+ new")));
        assert_eq!(waiting.take(), None, "the list is to be loaded again");
        assert_eq!(waiting.words(), None);
    }

    #[test]
    fn on_a_page_further_back_nothing_waits_to_join() {
        let mut rows = vec![summary(5, 1)];
        let mut waiting = Waiting::default();
        waiting.hold(&mut rows, vec![summary(9, 1)], &[], Growth::Fixed, true);
        assert_eq!(waiting.words(), None);
    }
}
