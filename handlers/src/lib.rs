//! The kinds of task that come with Glassworks. A kind is one file, and one line here.

pub mod sleep;

use glassworks_engine::Builder;

/// Registers every kind.
#[must_use]
pub fn register(engine: Builder) -> Builder {
    engine.handler(sleep::Sleep)
}
