//! A list of tasks that stays true: what the server sent first, then every change.

use std::cell::Cell;
use std::rc::Rc;

use glassworks_protocol::{PageRequest, TaskFilter, TaskPage, TaskSummary};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::functions::load_tasks;
use crate::live::{News, Topic, watch};
use crate::task_list::{Growth, merge};

/// A page of tasks, kept up to date while its component is shown.
#[derive(Clone, Copy)]
pub(crate) struct LiveList {
    /// The tasks, newest first.
    pub(crate) rows: RwSignal<Vec<TaskSummary>>,
    /// What leads to the page after it, if there is one.
    pub(crate) next_cursor: RwSignal<Option<String>>,
}

/// Keeps `first` true: the page of `filter` that `page` asked for.
pub(crate) fn live_list(
    first: TaskPage<TaskSummary>,
    filter: TaskFilter,
    page: PageRequest,
    growth: Growth,
) -> LiveList {
    let list = LiveList {
        rows: RwSignal::new(first.tasks),
        next_cursor: RwSignal::new(first.next_cursor),
    };
    let reloading = Rc::new(Cell::new(Reloading::No));
    let reload = {
        let filter = filter.clone();
        move || list.reload(Rc::clone(&reloading), filter.clone(), page.clone())
    };
    watch(Topic::Tasks(filter), move |news| match news {
        News::Tasks { upsert, removed } => {
            let more = list.next_cursor.with_untracked(Option::is_some);
            let merged = list
                .rows
                .try_update(|rows| merge(rows, upsert, &removed, growth, more));
            if merged == Some(true) {
                reload();
            }
        }
        News::Reload => reload(),
        _ => {}
    });
    list
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
    fn reload(self, reloading: Rc<Cell<Reloading>>, filter: TaskFilter, page: PageRequest) {
        if reloading.get() != Reloading::No {
            reloading.set(Reloading::Again);
            return;
        }
        spawn_local(async move {
            loop {
                reloading.set(Reloading::Yes);
                // When it fails, the connection is about to break, and the next one reloads.
                if let Ok(fresh) = load_tasks(filter.clone(), page.clone()).await {
                    // Both are gone when the component is.
                    let _ = self.rows.try_set(fresh.tasks);
                    let _ = self.next_cursor.try_set(fresh.next_cursor);
                }
                if reloading.replace(Reloading::No) != Reloading::Again {
                    break;
                }
            }
        });
    }
}
