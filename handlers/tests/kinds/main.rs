//! The kinds on a real engine, against services on loopback that behave badly.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "a payload reads best where it is passed"
)]

mod calling;
mod commands;
mod fetching;
mod hostile;
mod redirects;
mod support;
mod surroundings;
