//! The PostgreSQL store as a subject of the suite.

use futures::FutureExt;
use futures::future::BoxFuture;
use glassworks_engine::Limits;
use glassworks_engine::store::postgres::PostgresStore;
use glassworks_engine::store::{Clock, Store};

use crate::bench::{POISON, Place};
use crate::server::Scratch;

/// A database of its own in a throw-away cluster.
pub(crate) struct Postgres(Scratch);

impl Postgres {
    pub(crate) async fn new() -> Self {
        Self(Scratch::new().await)
    }

    async fn execute(&self, sql: &str) {
        let client = self.0.client().await;
        client.batch_execute(sql).await.unwrap();
    }
}

impl Place for Postgres {
    fn open(&self, limits: Limits, clock: Clock) -> BoxFuture<'_, Box<dyn Store>> {
        async move {
            let store = PostgresStore::open_with_clock(self.0.address(), limits, clock);
            let store: Box<dyn Store> = Box::new(store.await.unwrap());
            store
        }
        .boxed()
    }

    fn spoil(&self) -> BoxFuture<'_, ()> {
        async {
            self.execute(&format!(
                "SET search_path TO glassworks;
                 CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
                     $$ BEGIN RAISE EXCEPTION 'spoiled'; END $$;
                 CREATE TRIGGER spoiled BEFORE INSERT ON events
                     FOR EACH ROW WHEN (NEW.body LIKE '%{POISON}%') EXECUTE FUNCTION spoil();"
            ))
            .await;
        }
        .boxed()
    }

    fn mend(&self) -> BoxFuture<'_, ()> {
        async {
            self.execute("DROP TRIGGER spoiled ON glassworks.events")
                .await;
        }
        .boxed()
    }
}
