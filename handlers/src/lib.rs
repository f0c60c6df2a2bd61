//! The kinds of task that come with Glassworks. A kind is one file or folder, and one line here.

mod body;
pub mod fetch;
pub mod http;
pub mod outbound;
pub mod sleep;
mod text;

use glassworks_engine::Builder;

use crate::outbound::Outbound;

/// What the kinds need to know of this node.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What reaches out goes through it. By default it reaches public addresses alone.
    pub outbound: Outbound,
}

/// Registers every kind.
#[must_use]
pub fn register(engine: Builder, options: Options) -> Builder {
    engine
        .handler(sleep::Sleep)
        .handler(fetch::Fetch::new(options.outbound.clone()))
        .handler(http::Http::new(options.outbound))
}
