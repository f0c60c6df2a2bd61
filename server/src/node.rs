//! What the routes of one running process share.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use axum::extract::FromRef;
use glassworks_engine::Engine;
use glassworks_handlers::outbound::Outbound;

use crate::access::Gate;
use crate::budget::Budget;
use crate::config::Setting;
use crate::guard::host::AllowedHosts;
use crate::openapi::Served;
use crate::pulse::Pulse;
use crate::shutdown::Shutdown;
use crate::site::Site;
use crate::traffic::Traffic;

/// What the routes of one running process share. Clones share it.
#[derive(Clone)]
pub struct Node(Arc<Parts>);

/// What a node is made of.
pub struct Parts {
    /// Where tasks live. It acts for nobody: a route takes [`Acting`](crate::access::Acting).
    pub engine: Engine,
    /// Who may do what.
    pub(crate) gate: Gate,
    /// The names it answers to.
    pub hosts: AllowedHosts,
    /// The browser's files.
    pub site: Site,
    /// Whether it is about to end.
    pub shutdown: Shutdown,
    /// What it reaches others through.
    pub outbound: Outbound,
    /// What it holds for its clients.
    pub budget: Budget,
    /// What was asked of it.
    pub traffic: Traffic,
    /// How its runtime does.
    pub pulse: Pulse,
    /// The settings in force, as they may be told; there once somebody has said so.
    pub settings: OnceLock<Vec<Setting>>,
    /// What its API is like; there once its routes are.
    pub(crate) document: OnceLock<Served>,
}

impl Node {
    /// A node that has not been asked anything yet, and shows its figures to anybody if they are
    /// public. To be called within a Tokio runtime.
    pub fn new(
        engine: Engine,
        outbound: Outbound,
        hosts: AllowedHosts,
        site: Site,
        shutdown: Shutdown,
        budget: Budget,
        public_metrics: bool,
    ) -> Self {
        let pulse = Pulse::start();
        let told = pulse.clone();
        engine.tell_lag(move || told.lag());
        Self(Arc::new(Parts {
            gate: Gate::new(engine.clone(), public_metrics, site.urls()),
            engine,
            hosts,
            site,
            shutdown,
            outbound,
            budget,
            traffic: Traffic::default(),
            pulse,
            settings: OnceLock::new(),
            document: OnceLock::new(),
        }))
    }
}

// Every request takes clones of it, so it is one pointer.
impl Deref for Node {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<Node> for Shutdown {
    fn from_ref(node: &Node) -> Self {
        node.shutdown.clone()
    }
}

impl FromRef<Node> for Outbound {
    fn from_ref(node: &Node) -> Self {
        node.outbound.clone()
    }
}
