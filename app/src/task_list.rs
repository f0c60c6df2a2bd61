//! A list of tasks that follows what changes.

use glassworks_protocol::{TaskId, TaskSummary};

/// Which changes a list takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// New tasks join it. It is loaded so many at a time, and may grow to a few times as many.
    Newest(usize),
    /// Its tasks change, but no others join: a page further back.
    Fixed,
}

/// Takes in what changed; `rows` is and stays newest first, and `more` says whether there are
/// tasks after it. True when the list should be loaded again: it has grown too long, or has become
/// too short although there are more.
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
        match rows.binary_search_by(|row| task.id.cmp(&row.id)) {
            Ok(place) => {
                if task.last_seq >= rows[place].last_seq {
                    rows[place] = task;
                }
            }
            Err(place) => {
                if matches!(growth, Growth::Newest(_)) {
                    rows.insert(place, task);
                }
            }
        }
    }
    match growth {
        Growth::Newest(page) => rows.len() > 3 * page || (more && rows.len() < page),
        Growth::Fixed => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Growth, merge};
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
}
