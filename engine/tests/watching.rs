//! Watching lists and figures: all who do are told the same, for one look at the store.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use futures::StreamExt;
use futures::future::{join, join_all};
use futures::stream::BoxStream;
use glassworks_engine::{Engine, Error, ListNews};
use glassworks_protocol::{NewTask, State, TaskFilter, TaskId};
use serde_json::json;
use support::{over, puppet, quick, start, submit};
use tempfile::tempdir;
use tokio::time::timeout;

/// How long a test waits for what should happen soon.
const SOON: Duration = Duration::from_secs(30);
const MANY: usize = 100;

type News = BoxStream<'static, Result<ListNews, Error>>;

fn completed() -> TaskFilter {
    TaskFilter {
        state: vec![State::Completed],
        ..TaskFilter::default()
    }
}

/// Waits until a list has been told of a task, and says whether as one that matches.
async fn hears_of(news: &mut News, id: TaskId) -> bool {
    loop {
        let told = timeout(SOON, news.next()).await.unwrap().unwrap().unwrap();
        let ListNews::Changed { upsert, removed } = told else {
            panic!("so little can be told");
        };
        if upsert.iter().any(|task| task.id == id) {
            return true;
        }
        if removed.contains(&id) {
            return false;
        }
    }
}

async fn reads(engine: &Engine) -> u64 {
    engine.figures().await.unwrap().store.reads
}

#[tokio::test]
async fn many_who_watch_one_list_cost_the_store_one_look() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let watch = |filter| engine.watch_list(&filter).unwrap();
    let mut all: Vec<News> = (0..MANY).map(|_| watch(completed())).collect();
    let mut other = watch(TaskFilter {
        kind: Some("nobody's".to_owned()),
        ..TaskFilter::default()
    });
    let before = reads(&engine).await;
    let id = submit(&engine, puppet(json!({}))).await;
    over(&engine, id).await;
    let hear = all.iter_mut().map(async |news| {
        // Whether it was over when they first looked is a matter of time.
        while !hears_of(news, id).await {}
    });
    let (_, matches) = join(join_all(hear), hears_of(&mut other, id)).await;
    assert!(!matches);
    let asked = reads(&engine).await - before;
    assert!(asked < MANY as u64 / 2, "{asked} reads for {MANY} watchers");
}

#[tokio::test]
async fn one_who_did_not_listen_is_told_to_read_anew() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let mut idle = engine.watch_list(&completed()).unwrap();
    let mut listening = engine.watch_list(&completed()).unwrap();
    for _ in 0..2 {
        let id = submit(&engine, puppet(json!({}))).await;
        over(&engine, id).await;
        while !hears_of(&mut listening, id).await {}
    }
    let told = timeout(SOON, idle.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(told, ListNews::Reload);
}

#[tokio::test]
async fn figures_are_told_at_once_and_when_they_change() {
    let folder = tempdir().unwrap();
    let engine = start(folder.path(), quick()).await;
    let mut first = engine.watch_stats();
    let next = async |stats: &mut BoxStream<'static, Result<std::sync::Arc<_>, Error>>| {
        let stats: std::sync::Arc<glassworks_protocol::Stats> =
            timeout(SOON, stats.next()).await.unwrap().unwrap().unwrap();
        stats.tasks.scheduled
    };
    assert_eq!(next(&mut first).await, 0);
    let later = NewTask {
        delay_ms: Some(3_600_000),
        ..puppet(json!({}))
    };
    submit(&engine, later).await;
    while next(&mut first).await != 1 {}
    let before = reads(&engine).await;
    for _ in 0..MANY {
        assert_eq!(next(&mut engine.watch_stats()).await, 1);
    }
    let asked = reads(&engine).await - before;
    assert!(asked < MANY as u64 / 2, "{asked} reads for {MANY} watchers");
}
