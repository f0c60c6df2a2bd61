//! The API's routes, one file a group.

pub(crate) mod events;
mod extract;
pub(crate) mod health;
pub(crate) mod hello;
pub(crate) mod kinds;
pub(crate) mod live;
pub(crate) mod output;
mod prefer;
pub(crate) mod stats;
mod submit_headers;
pub(crate) mod tasks;
pub(crate) mod unbuffered;
