//! The server over real sockets: one test binary, because each one links the whole application.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what is not there fails the test, in its arrangements too"
)]

mod answers;
mod connections;
mod files;
mod process;
mod refusals;
mod streams;
mod submitting;
mod support;
mod tasks;
