//! Preparing and starting an engine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use glassworks_protocol::{Actor, KindInfo, Timestamp};
use tokio::sync::{Mutex, Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::answers::answer;
use super::bulk::BulkChanges;
use super::in_flight::InFlight;
use super::nodes::Card;
use super::{Engine, Inner};
use crate::access::{Directory, Following, admin_key};
use crate::attempts::claims::{Claims, Granted};
use crate::attempts::dispatcher::Dispatcher;
use crate::attempts::panic;
use crate::attempts::runs::Runs;
use crate::error::{Error, log_store_error};
use crate::handler::Handler;
use crate::housekeeping::{self, Housekeeping};
use crate::hub::Hub;
use crate::journal::Journal;
use crate::neighbours::Neighbours;
use crate::options::{Database, Options, QueueRule, StartError};
use crate::readiness::Readiness;
use crate::registry::{PayloadSchema, Registry};
use crate::remote::Counters;
use crate::remote::elsewhere::Elsewhere;
use crate::remote::grant::Home;
use crate::remote::line::Line;
use crate::remote::watch::Watch;
use crate::remote::workers::Workers;
use crate::schedule::Scheduler;
use crate::store::access::Caused;
use crate::store::{self, Served, Store, Write};
use crate::submission;
use crate::tally::Tally;
use crate::watched::{Figures, Lists};

/// Prepares an engine: its handlers and options.
#[derive(Default)]
pub struct Builder {
    registry: Registry,
    options: Options,
}

impl Builder {
    /// Registers the code behind a kind; it takes the place of an earlier one of the same kind.
    #[must_use]
    pub fn handler<H: Handler>(mut self, handler: H) -> Self {
        self.registry.add(handler);
        self
    }

    /// The kinds that have been registered, by name.
    pub fn kinds(&self) -> &[KindInfo] {
        self.registry.kinds()
    }

    /// The schema of each kind's payload, by the kinds' names.
    pub fn payload_schemas(&self) -> Vec<PayloadSchema> {
        self.registry.payload_schemas()
    }

    /// Sets the options.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Opens the store, takes back what was running when it was last used, and starts claiming.
    ///
    /// Must be called within a Tokio runtime. It installs a panic hook, once per process, that
    /// notes where handlers panic and hands every other panic to the hook before it.
    pub async fn start(self, database: Database) -> Result<Engine, StartError> {
        let store = store::open(&database, self.options.limits)
            .await
            .map_err(|cause| StartError::Open { database, cause })?;
        self.start_on(store).await
    }

    /// As [`start`](Self::start), on a store that is open. It must have been opened with the limits
    /// of the options, and no other engine may use this handle of it.
    pub async fn start_on(self, store: Arc<dyn Store>) -> Result<Engine, StartError> {
        panic::install_hook();
        let hub = Arc::new(Hub::new());
        let tally = Arc::new(Tally::default());
        let runs = Arc::new(Runs::default());
        let options = &self.options;
        let line = Arc::new(Line::default());
        let kinds = self.registry.kinds().iter();
        let (claims, granted) = Claims::new(
            options.node.clone(),
            Served {
                kinds: kinds.map(|info| info.kind.clone()).collect(),
                queues: options.serve_queues.clone().map(Arc::from),
            },
            options.lease,
            options.workers,
            Arc::clone(&runs),
            Arc::clone(&line),
        );
        let claims = Arc::new(claims);
        let journal = Journal::start(
            Arc::clone(&store),
            Arc::clone(&hub),
            Arc::clone(&tally),
            Arc::clone(&claims),
        );
        let access = Arc::new(open_access(&*store, &journal, &self.options).await?);
        // What other nodes may be running is theirs for as long as their leases hold.
        if !store.is_shared() {
            match housekeeping::recover(&journal).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "took up tasks that an earlier process left"),
                Err(_) => return Err(StartError::Recover),
            }
        }
        for (name, rule) in &self.options.queues {
            set_queue(name, *rule, &*store, &journal)
                .await
                .map_err(|cause| StartError::Queue {
                    name: name.clone(),
                    cause,
                })?;
        }
        for (name, declared) in &self.options.kinds {
            self.registry.declare(name, declared.clone())?;
        }
        match store.kinds().await {
            Ok(offered) => self.registry.offered.load(offered),
            Err(error) => {
                log_store_error("kinds", &error);
                return Err(StartError::Recover);
            }
        }
        let core = Core {
            store,
            journal,
            hub,
            tally,
            runs,
            claims,
            access,
            line,
        };
        Ok(self.launch(core, granted))
    }

    fn launch(self, core: Core, granted: mpsc::UnboundedReceiver<Granted>) -> Engine {
        let Self { registry, options } = self;
        let registry = Arc::new(registry);
        let closing = core.line.closing.clone();
        let release = CancellationToken::new();
        let stop_housekeeping = CancellationToken::new();
        let (dispatching, attempts, keeping) =
            (TaskTracker::new(), TaskTracker::new(), TaskTracker::new());
        let runs_in_question = Arc::new(Notify::new());
        let beside = Beside {
            core: &core,
            keeping: &keeping,
            stop: &stop_housekeeping,
        };
        let counters = beside.serve_workers(&dispatching, options.first_lease);
        let card = beside.show_card(&options, registry.kinds());
        let schedules_changed = beside.follow_nodes(&registry, Arc::clone(&runs_in_question));
        let Core {
            store,
            journal,
            hub,
            tally,
            runs,
            claims,
            access,
            line,
        } = core;
        let dispatcher = Dispatcher {
            journal: journal.clone(),
            claims: Arc::clone(&claims),
            registry: Arc::clone(&registry),
            runs: Arc::clone(&runs),
            tally: Arc::clone(&tally),
            cancel_grace: options.cancel_grace,
            result_bytes: options.limits.result_bytes,
            closing: closing.clone(),
            release: release.clone(),
            attempts: attempts.clone(),
        };
        dispatching.spawn(dispatcher.run(granted));
        let house = Housekeeping {
            journal: journal.clone(),
            runs: Arc::clone(&runs),
            lease: options.lease,
            retention: options.retention,
            in_question: Arc::clone(&runs_in_question),
            access: Arc::clone(&access),
            stop: stop_housekeeping.clone(),
        };
        keeping.spawn(house.run());
        let history = Arc::clone(&tally.queues);
        keeping.spawn(history.keep(Arc::clone(&store), stop_housekeeping.clone()));
        let scheduler = Scheduler {
            store: Arc::clone(&store),
            journal: journal.clone(),
            registry: Arc::clone(&registry),
            limits: options.limits,
            changed: Arc::clone(&schedules_changed),
            stop: closing.clone(),
        };
        dispatching.spawn(scheduler.run());
        let stop_on_drop = [
            closing.clone().drop_guard(),
            stop_housekeeping.clone().drop_guard(),
        ];
        let inner = Inner {
            readiness: Readiness::new(Arc::clone(&store), journal.clone()),
            store,
            journal,
            hub,
            registry,
            access,
            runs,
            line,
            workers: Workers::default(),
            counters,
            tally,
            in_flight: InFlight::default(),
            lists: Lists::default(),
            figures: Figures::default(),
            bulk: BulkChanges::default(),
            options,
            started_at: card.started_at,
            card,
            started: Instant::now(),
            closing,
            release,
            changing: Mutex::new(()),
            schedules_changed,
            stop_housekeeping,
            dispatching,
            attempts,
            housekeeping: keeping,
            _stop_on_drop: stop_on_drop,
        };
        Engine(Arc::new(inner), None)
    }
}

/// Starts what goes on beside the runs of this node.
struct Beside<'a> {
    core: &'a Core,
    keeping: &'a TaskTracker,
    stop: &'a CancellationToken,
}

impl Beside<'_> {
    /// Gives tasks to workers that ask for them, and ends attempts of those that are not heard of.
    fn serve_workers(&self, dispatching: &TaskTracker, first_lease: Duration) -> Arc<Counters> {
        let Core {
            store,
            journal,
            line,
            ..
        } = self.core;
        let counters = Arc::<Counters>::default();
        let home = Home {
            journal: journal.clone(),
            counters: Arc::clone(&counters),
        };
        dispatching.spawn(Arc::clone(line).serve(home));
        let watch = Watch {
            store: Arc::clone(store),
            journal: journal.clone(),
            line: Arc::clone(line),
            counters: Arc::clone(&counters),
            patience: first_lease,
            stop: self.stop.clone(),
        };
        self.keeping.spawn(watch.run());
        counters
    }

    /// Tells other nodes of this one.
    fn show_card(&self, options: &Options, kinds: &[KindInfo]) -> Card {
        let card = Card {
            id: Uuid::now_v7(),
            name: options.node.clone(),
            started_at: Timestamp::now(),
            workers: options.workers,
            runs: Arc::clone(&self.core.runs),
            kinds: kinds.iter().map(|info| info.kind.clone()).collect(),
            queues: options.serve_queues.clone(),
            lag: Arc::default(),
            seen: Arc::default(),
        };
        let shown = card.clone();
        let store = Arc::clone(&self.core.store);
        self.keeping.spawn(shown.show(store, self.stop.clone()));
        card
    }

    /// Follows what other nodes do, and returns what tells that schedules have changed.
    fn follow_nodes(&self, registry: &Arc<Registry>, runs_in_question: Arc<Notify>) -> Arc<Notify> {
        let Core { store, access, .. } = self.core;
        let kinds_offered = Arc::new(Notify::new());
        let elsewhere = Elsewhere {
            store: Arc::clone(store),
            registry: Arc::clone(registry),
            offered: Arc::clone(&kinds_offered),
            stop: self.stop.clone(),
        };
        self.keeping.spawn(elsewhere.run());
        let access_changed = Arc::new(Notify::new());
        let following = Following {
            store: Arc::clone(store),
            access: Arc::clone(access),
            changed: Arc::clone(&access_changed),
            stop: self.stop.clone(),
        };
        self.keeping.spawn(following.run());
        let schedules_changed = Arc::new(Notify::new());
        let neighbours = Neighbours {
            hub: Arc::clone(&self.core.hub),
            runs: Arc::clone(&self.core.runs),
            claims: Arc::clone(&self.core.claims),
            line: Arc::clone(&self.core.line),
            kinds_offered,
            schedules_changed: Arc::clone(&schedules_changed),
            access_changed,
            runs_in_question,
            stop: self.stop.clone(),
        };
        self.keeping.spawn(neighbours.run(store.listen()));
        schedules_changed
    }
}

/// What stands before the loops begin.
struct Core {
    store: Arc<dyn Store>,
    journal: Journal,
    hub: Arc<Hub>,
    tally: Arc<Tally>,
    runs: Arc<Runs>,
    claims: Arc<Claims>,
    access: Arc<Directory>,
    line: Arc<Line>,
}

/// Reads who may do what, and makes the operator's key count.
async fn open_access(
    store: &dyn Store,
    journal: &Journal,
    options: &Options,
) -> Result<Directory, StartError> {
    let failed = |_| StartError::Access;
    let mut access = store.access().await.map_err(failed)?;
    if let Some(key) = &options.admin_key {
        let (before, row) = admin_key(key, &access.keys);
        let revoke = before.map(Write::RevokeKey);
        let save = row.map(|row| Write::SaveKey(Box::new(row)));
        for write in revoke.into_iter().chain(save) {
            let actor = Arc::new(Actor::operator());
            let caused = Write::By(Box::new(Caused { actor, write }));
            let done = journal.commit(caused).await;
            done.map_err(|_| StartError::Access)?;
        }
        access = store.access().await.map_err(failed)?;
    }
    if access.keys.is_empty() && options.needs_key {
        return Err(StartError::NoKey);
    }
    Ok(Directory::new(access))
}

/// Sets a queue before its first task can be claimed.
async fn set_queue(
    name: &str,
    rule: QueueRule,
    store: &dyn Store,
    journal: &Journal,
) -> Result<(), Error> {
    let queues = answer("queues", store.queues().await)?;
    let known = queues.iter().find(|queue| queue.name == name);
    let left = known.map(|queue| queue.settings).unwrap_or_default();
    let settings = rule.over(left);
    submission::check_queue(name, &settings)?;
    let write = Write::SaveQueue {
        name: name.to_owned(),
        settings,
    };
    journal.commit(write).await.map(drop)
}
