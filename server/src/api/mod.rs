//! The API's routes, one file a group.

pub(crate) mod events;
mod extract;
pub(crate) mod health;
pub(crate) mod hello;
pub(crate) mod kinds;
pub(crate) mod live;
pub(crate) mod output;
pub(crate) mod stats;
pub(crate) mod tasks;
pub(crate) mod unbuffered;
