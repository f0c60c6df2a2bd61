//! Which workers there are, as far as this node has heard of them.
//!
//! Nothing depends on this table but what people are shown, and who is to end: leases are in the
//! store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use glassworks_protocol::{TaskId, Timestamp, WorkerInfo};
use parking_lot::Mutex;
use uuid::Uuid;

/// Workers that are remembered at a time.
const MOST: usize = 10_000;
/// How long a worker is remembered that has nothing and says nothing, in milliseconds.
const REMEMBERED_MS: i64 = 3_600 * 1_000;
/// How long after it was heard of a worker counts as there, in milliseconds: two long waits.
const PRESENT_MS: i64 = 120 * 1_000;
/// Tasks that are told of one worker.
const TOLD_TASKS: usize = 100;

/// Which workers there are.
#[derive(Default)]
pub(crate) struct Workers(Mutex<Table>);

#[derive(Default)]
struct Table {
    by_name: BTreeMap<String, Worker>,
    /// Who makes the latest attempt of a task.
    holders: HashMap<TaskId, String>,
}

struct Worker {
    id: Uuid,
    kinds: Vec<String>,
    queues: Option<Vec<String>>,
    host: Option<IpAddr>,
    since: Timestamp,
    last_seen_at: Timestamp,
    drain: bool,
    tasks: BTreeSet<TaskId>,
}

impl Table {
    fn saw(&mut self, name: &str, now: Timestamp) -> &mut Worker {
        if !self.by_name.contains_key(name) && self.by_name.len() >= MOST {
            self.forget_one();
        }
        let worker = self
            .by_name
            .entry(name.to_owned())
            .or_insert_with(|| Worker {
                id: Uuid::now_v7(),
                kinds: Vec::new(),
                queues: None,
                host: None,
                since: now,
                last_seen_at: now,
                drain: false,
                tasks: BTreeSet::new(),
            });
        worker.last_seen_at = now;
        worker
    }

    /// Makes room: whoever was not heard of for longest goes.
    fn forget_one(&mut self) {
        let oldest = self.by_name.iter().min_by_key(|(_, it)| it.last_seen_at);
        if let Some(name) = oldest.map(|(name, _)| name.clone()) {
            self.forget(&name);
        }
    }

    fn forget(&mut self, name: &str) {
        if let Some(worker) = self.by_name.remove(name) {
            for task in worker.tasks {
                self.holders.remove(&task);
            }
        }
    }

    fn release(&mut self, task: TaskId) {
        if let Some(name) = self.holders.remove(&task)
            && let Some(worker) = self.by_name.get_mut(&name)
        {
            worker.tasks.remove(&task);
        }
    }

    fn give(&mut self, name: &str, task: TaskId) {
        self.release(task);
        if let Some(worker) = self.by_name.get_mut(name) {
            worker.tasks.insert(task);
            self.holders.insert(task, name.to_owned());
        }
    }
}

impl Workers {
    /// A worker asks for tasks of these kinds and queues. Whether it is to end.
    pub(crate) fn claims(
        &self,
        name: &str,
        kinds: Vec<String>,
        queues: Option<Vec<String>>,
        now: Timestamp,
    ) -> bool {
        let mut table = self.0.lock();
        let worker = table.saw(name, now);
        worker.kinds = kinds;
        worker.queues = queues;
        worker.drain
    }

    /// Notes where a worker asks from.
    pub(crate) fn asks_from(&self, name: &str, host: IpAddr) {
        if let Some(worker) = self.0.lock().by_name.get_mut(name) {
            worker.host = Some(host);
        }
    }

    /// A worker was given tasks.
    pub(crate) fn took(&self, name: &str, tasks: impl Iterator<Item = TaskId>) {
        let mut table = self.0.lock();
        for task in tasks {
            table.give(name, task);
        }
    }

    /// A worker says what it makes, which is all that it makes. Whether it is to end.
    pub(crate) fn beats(&self, name: &str, tasks: &[TaskId], now: Timestamp) -> bool {
        let mut table = self.0.lock();
        let worker = table.saw(name, now);
        let drain = worker.drain;
        let said: BTreeSet<TaskId> = tasks.iter().copied().collect();
        let over: Vec<TaskId> = worker.tasks.difference(&said).copied().collect();
        for task in over {
            table.release(task);
        }
        for task in said {
            table.give(name, task);
        }
        drain
    }

    /// Attempts at these tasks are over.
    pub(crate) fn ended(&self, tasks: impl Iterator<Item = TaskId>) {
        let mut table = self.0.lock();
        for task in tasks {
            table.release(task);
        }
    }

    /// Asks a worker to end, or to go on. `None` when there is none of this id.
    pub(crate) fn drain(&self, id: Uuid, drain: bool, now: Timestamp) -> Option<WorkerInfo> {
        let mut table = self.0.lock();
        let (name, worker) = table.by_name.iter_mut().find(|(_, it)| it.id == id)?;
        worker.drain = drain;
        Some(info(name, worker, now))
    }

    /// Whether a worker is to end.
    pub(crate) fn is_drained(&self, name: &str) -> bool {
        let table = self.0.lock();
        table.by_name.get(name).is_some_and(|worker| worker.drain)
    }

    /// All of them, by name. Those that were not heard of for an hour are forgotten.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<WorkerInfo> {
        let mut table = self.0.lock();
        let old: Vec<String> = table
            .by_name
            .iter()
            .filter(|(_, it)| now.millis_since(it.last_seen_at) > REMEMBERED_MS)
            .map(|(name, _)| name.clone())
            .collect();
        for name in old {
            table.forget(&name);
        }
        let workers = table.by_name.iter();
        workers.map(|(name, it)| info(name, it, now)).collect()
    }

    /// Who serves `kind` now, by name.
    pub(crate) fn serving(&self, kind: &str, now: Timestamp) -> Vec<String> {
        let table = self.0.lock();
        let workers = table.by_name.iter();
        workers
            .filter(|(_, it)| is_present(it, now) && it.kinds.iter().any(|served| served == kind))
            .map(|(name, _)| name.clone())
            .collect()
    }
}

fn is_present(worker: &Worker, now: Timestamp) -> bool {
    now.millis_since(worker.last_seen_at) <= PRESENT_MS
}

fn info(name: &str, worker: &Worker, now: Timestamp) -> WorkerInfo {
    // Of one that is gone the leases have expired.
    let tasks = if is_present(worker, now) {
        &worker.tasks
    } else {
        &BTreeSet::new()
    };
    WorkerInfo {
        id: worker.id,
        name: name.to_owned(),
        kinds: worker.kinds.clone(),
        queues: worker.queues.clone(),
        host: worker.host.map(|host| host.to_string()),
        since: worker.since,
        last_seen_at: worker.last_seen_at,
        drain: worker.drain,
        tasks: tasks.iter().take(TOLD_TASKS).copied().collect(),
        running: u32::try_from(tasks.len()).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::{TaskId, Timestamp};
    use uuid::Uuid;

    use super::{REMEMBERED_MS, Workers};

    #[test]
    fn a_task_is_shown_with_whoever_had_it_last() {
        let workers = Workers::default();
        let now = Timestamp::from_millis(0);
        let task = TaskId(Uuid::now_v7());
        for name in ["a", "b"] {
            workers.claims(name, vec!["kind".to_owned()], None, now);
            workers.took(name, [task].into_iter());
        }
        let running = |name: &str| {
            let all = workers.list(now);
            all.iter().find(|it| it.name == name).unwrap().running
        };
        assert_eq!((running("a"), running("b")), (0, 1));
        workers.beats("a", &[], now);
        assert_eq!(running("b"), 1, "another's beat says nothing of it");
        workers.beats("b", &[], now);
        assert_eq!(running("b"), 0);
        assert_eq!(workers.serving("kind", now), ["a", "b"]);
        let later = now.plus_millis(REMEMBERED_MS + 1);
        assert!(workers.serving("kind", later).is_empty());
        assert!(workers.list(later).is_empty());
    }

    #[test]
    fn a_worker_that_is_to_end_is_told_so() {
        let workers = Workers::default();
        let now = Timestamp::from_millis(0);
        assert!(!workers.claims("a", Vec::new(), None, now));
        let id = workers.list(now)[0].id;
        assert!(workers.drain(id, true, now).unwrap().drain);
        assert!(workers.claims("a", Vec::new(), None, now));
        assert!(workers.beats("a", &[], now));
        workers.drain(id, false, now).unwrap();
        assert!(!workers.is_drained("a"));
        assert!(workers.drain(Uuid::now_v7(), true, now).is_none());
    }
}
