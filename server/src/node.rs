//! What the routes of one running process share.

use axum::extract::FromRef;
use glassworks_engine::Engine;

use crate::assets::Site;
use crate::guard::host::AllowedHosts;
use crate::shutdown::Shutdown;

/// What the routes of one running process share. Cheap to clone.
#[derive(Clone)]
pub struct Node {
    /// Where tasks live.
    pub engine: Engine,
    /// The names it answers to.
    pub hosts: AllowedHosts,
    /// The browser's files.
    pub site: Site,
    /// Whether it is about to end.
    pub shutdown: Shutdown,
}

impl FromRef<Node> for Engine {
    fn from_ref(node: &Node) -> Self {
        node.engine.clone()
    }
}

impl FromRef<Node> for Shutdown {
    fn from_ref(node: &Node) -> Self {
        node.shutdown.clone()
    }
}
