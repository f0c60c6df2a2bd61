//! A store under test, with a clock that the case moves.

use std::ops::Deref;

use futures::future::BoxFuture;
use glassworks_engine::Limits;
use glassworks_engine::store::{Clock, Store};

use crate::support::ManualClock;

/// What text makes a commit fail, once the place is [spoiled](Place::spoil).
pub(crate) const POISON: &str = "poison";

/// Where a store keeps its tasks: what a new kind of store has to offer to be tested.
pub(crate) trait Place {
    /// Opens the store. No other is open at the time.
    fn open(&self, limits: Limits, clock: Clock) -> BoxFuture<'_, Box<dyn Store>>;

    /// From now on, storing an event that has [`POISON`] in it fails inside the database.
    fn spoil(&self) -> BoxFuture<'_, ()>;

    /// Ends what [`spoil`](Place::spoil) began.
    fn mend(&self) -> BoxFuture<'_, ()>;
}

/// A store under test. It stands for the store itself: `&*bench` is a `&dyn Store`.
pub(crate) struct Bench {
    pub(crate) clock: ManualClock,
    pub(crate) place: Box<dyn Place>,
    limits: Limits,
    /// `None` only while it is reopened.
    store: Option<Box<dyn Store>>,
}

impl Bench {
    pub(crate) async fn new(place: Box<dyn Place>) -> Self {
        let mut bench = Self {
            clock: ManualClock::new(),
            place,
            limits: Limits::default(),
            store: None,
        };
        bench.reopen().await;
        bench
    }

    /// Closes the store and opens it again.
    pub(crate) async fn reopen(&mut self) {
        // Closed first: a store may be one process's alone.
        self.store = None;
        let clock = self.clock.for_store();
        self.store = Some(self.place.open(self.limits, clock).await);
    }

    /// Reopens the store with other limits.
    pub(crate) async fn limit(&mut self, limits: Limits) {
        self.limits = limits;
        self.reopen().await;
    }
}

impl Deref for Bench {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        self.store.as_deref().unwrap()
    }
}
