//! The API's routes, one file a group.

pub(crate) mod aggregate;
pub(crate) mod audit;
pub(crate) mod batch;
pub(crate) mod claims;
pub(crate) mod events;
pub(crate) mod experiments;
mod extract;
pub(crate) mod health;
pub(crate) mod hello;
pub(crate) mod keys;
pub(crate) mod kinds;
pub(crate) mod live;
pub(crate) mod metrics;
pub(crate) mod nodes;
pub(crate) mod output;
mod pages;
mod prefer;
pub(crate) mod queues;
pub(crate) mod schedules;
pub(crate) mod sessions;
pub(crate) mod slow;
mod sse;
pub(crate) mod stats;
pub(crate) mod stream;
mod submit_headers;
pub(crate) mod tasks;
pub(crate) mod unbuffered;
