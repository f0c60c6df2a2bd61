//! A list of tasks that stays true: what the server sent first, then every change.

use std::cell::Cell;
use std::rc::Rc;

use glassworks_protocol::{TaskPage, TaskSummary};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::functions::load_tasks;
use crate::list_query::ListQuery;
use crate::live::{News, Topic, doubt, watch};
use crate::refused::Refused;
use crate::task_list::{Growth, merge};

/// A page of tasks, kept up to date while its component is shown.
#[derive(Clone, Copy)]
pub(crate) struct LiveList {
    /// The tasks, newest first.
    pub(crate) rows: RwSignal<Vec<TaskSummary>>,
    /// What leads to the page after it, if there is one.
    pub(crate) next_cursor: RwSignal<Option<String>>,
}

/// Keeps `first` true, which is what `list` asks for.
pub(crate) fn live_list(list: &ListQuery, first: TaskPage<TaskSummary>) -> LiveList {
    let growth = match (&list.page.cursor, list.page.limit) {
        (None, Some(limit)) => Growth::Newest(limit as usize),
        _ => Growth::Fixed,
    };
    let live = LiveList {
        rows: RwSignal::new(first.tasks),
        next_cursor: RwSignal::new(first.next_cursor),
    };
    let reloading = Rc::new(Cell::new(Reloading::No));
    let query = list.query();
    let under_way = Rc::clone(&reloading);
    let reload = move || live.reload(Rc::clone(&reloading), query.clone());
    let hear = move |news| match news {
        News::Tasks { upsert, removed } => {
            // The page that is on its way may have been read before this came about.
            if under_way.get() == Reloading::Yes {
                under_way.set(Reloading::Again);
            }
            let more = live.next_cursor.with_untracked(Option::is_some);
            let merged = live
                .rows
                .try_update(|rows| merge(rows, upsert, &removed, growth, more));
            if merged == Some(true) {
                reload();
            }
        }
        News::Reload => reload(),
        _ => {}
    };
    watch(Topic::Tasks(list.filter.clone()), Box::new(hear));
    live
}

/// Whether a page is on its way, so that news which comes faster than pages do leads to one more
/// request and not to many.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reloading {
    No,
    Yes,
    /// And what comes is known to be out of date.
    Again,
}

impl LiveList {
    fn reload(self, reloading: Rc<Cell<Reloading>>, query: String) {
        if reloading.get() != Reloading::No {
            reloading.set(Reloading::Again);
            return;
        }
        spawn_local(async move {
            loop {
                reloading.set(Reloading::Yes);
                match load_tasks(query.clone()).await {
                    Ok(fresh) => {
                        // Both are gone when the component is.
                        let _ = self.rows.try_set(fresh.page.tasks);
                        let _ = self.next_cursor.try_set(fresh.page.next_cursor);
                    }
                    Err(Refused(problem)) if problem.status >= 500 => {
                        // The next connection's first word on the list is to load it.
                        reloading.set(Reloading::No);
                        doubt();
                        break;
                    }
                    Err(_) => {}
                }
                if reloading.replace(Reloading::No) != Reloading::Again {
                    break;
                }
            }
        });
    }
}
