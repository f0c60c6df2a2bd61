//! Looks at every task of a server, over HTTP, and holds it to what was promised.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use glassworks_protocol::{Event, State, StateCounts, Stats, Task, TaskId, TaskPage, TaskSummary};
use http::StatusCode;
use serde::Deserialize;

use crate::clients::Promises;
use crate::history::History;
use crate::http::Connection;
use crate::work;

/// What has been seen of a database's tasks, over all the processes that had it.
#[derive(Debug, Default)]
pub(crate) struct Inspection {
    /// Tasks that were found over and sound, with the end of their logs. Nothing moves them again.
    settled: HashMap<TaskId, (State, u64)>,
    /// Attempts of theirs that a kill cut short.
    pub(crate) lost_attempts: u64,
    /// Attempts of theirs in all.
    pub(crate) attempts: u64,
}

/// A page of a log; it holds all of it, as far as these tasks go.
#[derive(Deserialize)]
struct EventsPage {
    events: Vec<Event>,
}

const EVENTS_A_PAGE: usize = 1_000;

impl Inspection {
    /// How many tasks are over.
    pub(crate) fn settled(&self) -> usize {
        self.settled.len()
    }

    /// Checks every task that a server with no clients has, and returns those that are not over.
    pub(crate) async fn look(
        &mut self,
        address: SocketAddr,
        promises: &Promises,
    ) -> Result<Vec<TaskId>> {
        let mut connection = Connection::open(address).await?;
        let stats = stats(&mut connection).await?;
        let tasks = all_tasks(&mut connection).await?;
        check_all(&tasks, promises)?;
        let mut unfinished = Vec::new();
        for task in &tasks {
            let end = (task.state, task.last_seq);
            if let Some(settled) = self.settled.get(&task.id) {
                ensure!(*settled == end, "from {settled:?} it moved on: {task:?}");
                continue;
            }
            let log = log(&mut connection, task.id).await?;
            let checked = check(task, &log, promises);
            let history = checked.with_context(|| story(task, &log))?;
            // A start takes back what was running; it does not wait for leases to expire.
            let runs = task.state == State::Running;
            let here = task.node.as_ref() == Some(&stats.node);
            ensure!(!runs || here, "{}: not taken back", story(task, &log));
            if task.state.is_final() {
                self.settled.insert(task.id, end);
                self.attempts += u64::from(task.attempt);
                self.lost_attempts += history.failures.iter().filter(|f| f.lost).count() as u64;
            } else {
                unfinished.push(task.id);
            }
        }
        Ok(unfinished)
    }

    /// Waits until everything is over, and checks it.
    pub(crate) async fn see_to_the_end(
        &mut self,
        address: SocketAddr,
        promises: &Promises,
    ) -> Result<()> {
        let mut connection = Connection::open(address).await?;
        for id in self.look(address, promises).await? {
            if let Err(fault) = follow(&mut connection, id).await {
                let mut connection = Connection::open(address).await?;
                let task = task(&mut connection, id).await?;
                let log = log(&mut connection, id).await?;
                return Err(fault.context(story(&task, &log)));
            }
        }
        let left = self.look(address, promises).await?;
        ensure!(left.is_empty(), "not over though their logs end: {left:?}");
        let mut counts = StateCounts::default();
        for (state, _) in self.settled.values() {
            *counts.get_mut(*state) += 1;
        }
        let kept = stats(&mut connection).await?.tasks;
        ensure!(kept == counts, "it counts {kept:?}, and has {counts:?}");
        Ok(())
    }
}

/// Checks what the tasks are as a set.
fn check_all(tasks: &[Task], promises: &Promises) -> Result<()> {
    let found: HashSet<TaskId> = tasks.iter().map(|task| task.id).collect();
    for (id, task) in &promises.tasks {
        ensure!(found.contains(id), "an acknowledged task is lost: {task:?}");
    }
    let mut labels = HashSet::new();
    for task in tasks {
        let sent = task.tags.iter().all(|label| promises.sent.contains(label));
        ensure!(sent, "nobody submitted {task:?}");
        let once = labels.insert(&task.tags);
        ensure!(once, "one submit led to two tasks: {task:?}");
    }
    let mut by_key: HashMap<&str, Vec<&Task>> = HashMap::new();
    for task in tasks {
        if let Some(key) = &task.unique_key {
            by_key.entry(key).or_default().push(task);
        }
    }
    for same in by_key.values_mut() {
        same.sort_by_key(|task| (task.created_at, task.finished_at));
        for pair in same.windows(2) {
            let apart = pair[0]
                .finished_at
                .is_some_and(|at| at <= pair[1].created_at);
            ensure!(apart, "two unfinished tasks had one unique key: {pair:?}");
        }
    }
    Ok(())
}

/// Checks one task and its log.
fn check(task: &Task, log: &[Event], promises: &Promises) -> Result<History> {
    if let Some(promised) = promises.tasks.get(&task.id) {
        let accepted = |task: &Task| Task {
            state: State::Queued,
            attempt: 0,
            counted_attempts: 0,
            run_at: task.created_at,
            started_at: None,
            finished_at: None,
            progress: None,
            result: None,
            error: None,
            errors: Vec::new(),
            cancel_requested: false,
            node: None,
            last_seq: 0,
            ..task.clone()
        };
        let same = accepted(task) == accepted(promised);
        ensure!(same, "it was acknowledged as {promised:?}");
    }
    if promises.cancels.contains(&task.id) {
        ensure!(task.cancel_requested, "it was acknowledged as cancelled");
    }
    if task.cancel_requested {
        let asked = promises.cancels_sent.contains(&task.id);
        ensure!(asked, "nobody asked for it to be cancelled");
    }
    let history = History::read(task, log)?;
    work::check_course(task, &history)?;
    Ok(history)
}

/// A task and its log, for whoever has to find out.
fn story(task: &Task, log: &[Event]) -> String {
    let mut story = format!("the task {}\nits log:", json(task));
    for event in log {
        story += "\n  ";
        story += &json(event);
    }
    story + "\nwhat is wrong"
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

async fn all_tasks(connection: &mut Connection) -> Result<Vec<Task>> {
    let mut tasks = Vec::new();
    let mut path = "/api/tasks?limit=100".to_owned();
    loop {
        let page: TaskPage<TaskSummary> = connection.get(&path).await?.read(StatusCode::OK)?;
        for listed in page.tasks {
            tasks.push(task(connection, listed.id).await?);
        }
        match page.next_cursor {
            Some(cursor) => path = format!("/api/tasks?limit=100&cursor={cursor}"),
            None => return Ok(tasks),
        }
    }
}

async fn stats(connection: &mut Connection) -> Result<Stats> {
    connection.get("/api/stats").await?.read(StatusCode::OK)
}

async fn task(connection: &mut Connection, id: TaskId) -> Result<Task> {
    let path = format!("/api/tasks/{id}");
    connection.get(&path).await?.read(StatusCode::OK)
}

async fn log(connection: &mut Connection, id: TaskId) -> Result<Vec<Event>> {
    let path = format!("/api/tasks/{id}/events?limit={EVENTS_A_PAGE}");
    let page: EventsPage = connection.get(&path).await?.read(StatusCode::OK)?;
    ensure!(page.events.len() < EVENTS_A_PAGE, "the log of {id} is long");
    Ok(page.events)
}

/// Waits until a task is over.
async fn follow(connection: &mut Connection, id: TaskId) -> Result<()> {
    let path = format!("/api/tasks/{id}/output?follow=true");
    let answer = connection.get(&path).await.context("it does not end")?;
    ensure!(
        answer.status == StatusCode::OK,
        "answered {}",
        answer.status
    );
    Ok(())
}
