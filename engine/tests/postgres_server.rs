//! What a PostgreSQL server can be like that a store is opened on: wrong, or not there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/postgres.rs"]
mod server;
#[path = "support/store.rs"]
mod support;
#[path = "support/waits.rs"]
mod waits;

use std::net::TcpListener;

use glassworks_engine::Limits;
use glassworks_engine::store::postgres::{Address, OpenError, PostgresStore};
use glassworks_engine::store::{Store, Write};

use server::Scratch;
use support::{commit, everything, row, row_with_key, submit};
use waits::eventually;

async fn open(url: &str) -> Result<PostgresStore, OpenError> {
    let address: Address = url.parse().unwrap();
    PostgresStore::open(address, Limits::default()).await
}

async fn refused(url: &str) -> OpenError {
    let error = open(url).await.err().unwrap();
    let said = error.to_string();
    assert!(!said.contains("secret") && !said.contains('\n'), "{said}");
    error
}

#[tokio::test]
async fn an_empty_database_is_brought_to_the_present_schema_by_whoever_comes_first() {
    let scratch = Scratch::empty().await;
    let opened = (0..4).map(|_| open(&scratch.url));
    let stores = futures::future::join_all(opened).await;
    for store in &stores {
        submit(store.as_ref().unwrap(), row()).await;
    }
    assert_eq!(everything(stores[0].as_ref().unwrap()).await.len(), 4);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("postgres://me:secret@127.0.0.1:{port}/tasks?sslmode=disable");
    assert!(matches!(refused(&url).await, OpenError::Unreachable(_)));
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_by_its_name() {
    let scratch = Scratch::empty().await;
    let (server, _) = scratch.url.rsplit_once('/').unwrap();
    let elsewhere = format!("{server}/nowhere?sslmode=disable");
    assert!(matches!(refused(&elsewhere).await, OpenError::NoDatabase));
    let stranger = scratch.url.replace("glassworks:", "stranger:");
    let error = refused(&stranger).await;
    assert!(matches!(error, OpenError::Refused(_)), "{error}");
    let encrypted = scratch.url.replace("disable", "require");
    let error = refused(&encrypted).await;
    assert!(matches!(error, OpenError::Unreachable(_)), "{error}");

    let client = scratch.client().await;
    client
        .batch_execute("CREATE SCHEMA glassworks; CREATE TABLE glassworks.theirs (a int)")
        .await
        .unwrap();
    assert!(matches!(refused(&scratch.url).await, OpenError::Foreign));
    client
        .batch_execute("DROP SCHEMA glassworks CASCADE")
        .await
        .unwrap();
    drop(open(&scratch.url).await.unwrap());
    client
        .batch_execute("INSERT INTO glassworks.migrations (version) VALUES (1000)")
        .await
        .unwrap();
    assert!(matches!(refused(&scratch.url).await, OpenError::TooNew));
    let set = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only \
        TO on', current_database()); END $$";
    client.batch_execute(set).await.unwrap();
    assert!(matches!(refused(&scratch.url).await, OpenError::ReadOnly));
}

#[tokio::test]
async fn two_stores_that_want_one_key_at_a_time_agree_on_who_has_it() {
    let scratch = Scratch::new().await;
    let stores = [
        open(&scratch.url).await.unwrap(),
        open(&scratch.url).await.unwrap(),
    ];
    for round in 0..20 {
        let keys = [format!("a-{round}"), format!("b-{round}")];
        let one = vec![
            Write::Submit(vec![row_with_key(&keys[0])]),
            Write::Submit(vec![row_with_key(&keys[1])]),
            Write::Submit(vec![row()]),
        ];
        let other = vec![
            Write::Submit(vec![row_with_key(&keys[1])]),
            Write::Submit(vec![row_with_key(&keys[0])]),
            Write::Submit(vec![row()]),
        ];
        let both = futures::join!(stores[0].commit(one), stores[1].commit(other));
        both.0.unwrap();
        both.1.unwrap();
    }
    // Of each key one, and all that have none.
    assert_eq!(everything(&stores[0]).await.len(), 80);
    let counted = stores[1].counts().await.unwrap();
    assert_eq!(counted.queued, 80);
}

#[tokio::test]
async fn whoever_comes_back_after_a_cut_is_served() {
    let scratch = Scratch::new().await;
    let store = open(&scratch.url).await.unwrap();
    for count in 1..=5 {
        scratch.cut_off().await;
        commit(&store, Write::Submit(vec![row()])).await;
        let found = eventually("an answer", async || store.counts().await.ok()).await;
        assert_eq!(found.queued, count);
        assert!(store.fault().is_none());
    }
}
