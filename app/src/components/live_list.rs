//! A list of tasks that stays true: what the server sent first, then every change.

use std::mem;
use std::sync::Arc;

use glassworks_protocol::{TaskFilter, TaskId, TaskPage, TaskSummary};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::functions::load_tasks;
use crate::list_query::ListQuery;
use crate::live::{News, Topic, doubt, watch};
use crate::refused::Refused;
use crate::task_list::{Growth, Waiting, merge};
use crate::time::now;

/// The most news that is kept while a page is on its way.
const MOST_LATE: usize = 50;

/// A page of tasks, kept up to date while its component is shown.
#[derive(Clone, Copy)]
pub(crate) struct LiveList {
    /// The tasks, in the order of the list.
    pub(crate) rows: RwSignal<Vec<TaskSummary>>,
    /// What leads to the page after it, if there is one.
    pub(crate) next_cursor: RwSignal<Option<String>>,
    /// What has come about while the rows were held.
    pub(crate) waiting: RwSignal<Waiting>,
    growth: Growth,
    loading: StoredValue<Loading>,
}

/// Says whether the rows have to stay where they are for now.
pub(crate) type IsHeld = Arc<dyn Fn() -> bool + Send + Sync>;

/// A page on its way: one request, however fast news comes.
struct Loading {
    /// The query string of the list.
    query: String,
    is_held: Option<IsHeld>,
    under_way: bool,
    /// What is heard meanwhile: the page may have been read before it came about.
    late: Late,
}

#[derive(Default)]
struct Late {
    news: Vec<(Vec<TaskSummary>, Vec<TaskId>)>,
    /// More than is kept, or nobody knows what: what comes is known to be out of date.
    again: bool,
}

/// A list as it is watched.
pub(crate) struct Watched {
    /// Which tasks belong to it.
    pub(crate) filter: TaskFilter,
    /// The query string that its page is loaded by.
    pub(crate) query: String,
    /// Which changes it takes in.
    pub(crate) growth: Growth,
}

impl Watched {
    /// The page that the URL asks for.
    pub(crate) fn page(list: &ListQuery) -> Self {
        let growth = match (&list.page.cursor, list.page.order, list.page.limit) {
            (None, None, Some(limit)) => Growth::Newest(limit as usize),
            _ => Growth::Fixed,
        };
        Self {
            filter: list.filter(now()),
            query: list.query(),
            growth,
        }
    }
}

/// Keeps `first` true, which is the beginning of what is watched. Nothing moves while `is_held` says
/// so.
pub(crate) fn live_list(
    list: Watched,
    first: TaskPage<TaskSummary>,
    is_held: Option<IsHeld>,
) -> LiveList {
    let Watched {
        filter,
        query,
        growth,
    } = list;
    let live = LiveList {
        rows: RwSignal::new(first.tasks),
        next_cursor: RwSignal::new(first.next_cursor),
        waiting: RwSignal::default(),
        growth,
        loading: StoredValue::new(Loading {
            query,
            is_held,
            under_way: false,
            late: Late::default(),
        }),
    };
    let hear = move |news| match news {
        News::Tasks { upsert, removed } => live.hear(upsert, removed),
        News::Reload => live.reload(),
        _ => {}
    };
    watch(Topic::Tasks(filter), Box::new(hear));
    live
}

impl LiveList {
    /// Shows what waits.
    pub(crate) fn release(self) {
        match self.waiting.try_update(Waiting::take) {
            Some(Some((new, gone))) if !(new.is_empty() && gone.is_empty()) => {
                self.merge(new, &gone);
            }
            Some(None) => self.load(false),
            _ => {}
        }
    }

    /// Shows what waits, unless the rows have to stay where they are.
    pub(crate) fn settle(self) {
        let waits = self.waiting.try_with_untracked(Waiting::words).flatten();
        if waits.is_some() && !self.is_held() {
            self.release();
        }
    }

    fn is_held(self) -> bool {
        let is_held = self
            .loading
            .try_with_value(|loading| loading.is_held.clone());
        is_held.flatten().is_some_and(|is_held| is_held())
            && self.rows.try_with_untracked(|rows| !rows.is_empty()) == Some(true)
    }

    fn hear(self, upsert: Vec<TaskSummary>, removed: Vec<TaskId>) {
        let _ = self.loading.try_update_value(|loading| {
            let late = &mut loading.late;
            if loading.under_way && late.news.len() < MOST_LATE {
                late.news.push((upsert.clone(), removed.clone()));
            } else {
                late.again = loading.under_way;
            }
        });
        self.take_in(upsert, removed);
    }

    fn take_in(self, upsert: Vec<TaskSummary>, removed: Vec<TaskId>) {
        if self.is_held() {
            self.hold(upsert, &removed);
        } else {
            // First what came first.
            self.settle();
            self.merge(upsert, &removed);
        }
    }

    fn merge(self, upsert: Vec<TaskSummary>, removed: &[TaskId]) {
        let more = self.next_cursor.try_with_untracked(Option::is_some) == Some(true);
        let growth = self.growth;
        let merged = self
            .rows
            .try_update(|rows| merge(rows, upsert, removed, growth, more));
        if merged == Some(true) {
            self.reload();
        }
    }

    fn hold(self, upsert: Vec<TaskSummary>, removed: &[TaskId]) {
        let more = self.next_cursor.try_with_untracked(Option::is_some) == Some(true);
        let growth = self.growth;
        let _ = self.waiting.try_update(|waiting| {
            let _ = self.rows.try_update(|rows| {
                waiting.hold(rows, upsert, removed, growth, more);
            });
        });
    }

    fn reload(self) {
        self.load(true);
    }

    /// Loads the page anew. `may_hold`: where the rows are held, it only tells what has changed.
    fn load(self, may_hold: bool) {
        let begun = self.loading.try_update_value(|loading| {
            loading.late.again = loading.under_way;
            (!mem::replace(&mut loading.under_way, true)).then(|| loading.query.clone())
        });
        let Some(Some(query)) = begun else { return };
        spawn_local(async move {
            loop {
                self.take_late();
                let loaded = load_tasks(query.clone()).await;
                let late = self.take_late();
                match loaded {
                    Ok(fresh) => self.show(fresh.page, may_hold),
                    Err(Refused(problem)) if problem.status >= 500 => {
                        // The next connection's first word on the list is to load it.
                        self.is_loaded();
                        doubt();
                        return;
                    }
                    Err(_) => {}
                }
                if !late.again {
                    self.is_loaded();
                    for (upsert, removed) in late.news {
                        self.take_in(upsert, removed);
                    }
                    return;
                }
            }
        });
    }

    fn take_late(self) -> Late {
        let late = self
            .loading
            .try_update_value(|loading| mem::take(&mut loading.late));
        late.unwrap_or_default()
    }

    fn is_loaded(self) {
        let _ = self
            .loading
            .try_update_value(|loading| loading.under_way = false);
    }

    fn show(self, fresh: TaskPage<TaskSummary>, may_hold: bool) {
        if may_hold && self.is_held() {
            // Of the rows that are shown, those which the page would have.
            let ids = || fresh.tasks.iter().map(|task| task.id);
            let (least, greatest) = (ids().min(), ids().max());
            let is_all = fresh.next_cursor.is_none() && fresh.previous_cursor.is_none();
            let grows = self.growth != Growth::Fixed;
            let gone = self.rows.with_untracked(|rows| {
                let shown = rows.iter().map(|row| row.id);
                let would_be = |id: &TaskId| {
                    is_all || (Some(*id) >= least && (grows || Some(*id) <= greatest))
                };
                let missing = |id: &TaskId| fresh.tasks.iter().all(|task| task.id != *id);
                shown
                    .filter(|id| would_be(id) && missing(id))
                    .collect::<Vec<_>>()
            });
            self.hold(fresh.tasks, &gone);
            return;
        }
        // All are gone when the component is.
        let _ = self.waiting.try_set(Waiting::default());
        let _ = self.rows.try_set(fresh.tasks);
        let _ = self.next_cursor.try_set(fresh.next_cursor);
    }
}
