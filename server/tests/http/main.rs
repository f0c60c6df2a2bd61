//! The server over real sockets: one test binary, because each one links the whole application.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what is not there fails the test, in its arrangements too"
)]

mod about;
mod access;
mod aggregate;
mod answers;
mod backup;
mod changing_many;
mod configuration;
mod connections;
mod console;
mod docs;
mod figures;
mod files;
mod full_disk;
mod holding;
mod incremental;
mod lab;
mod lab_pages;
mod learn;
mod many;
mod moving;
mod nodes;
mod openapi;
mod payloads;
mod process;
mod queues;
mod refusals;
mod schedules;
mod streams;
mod submitting;
mod support;
mod tasks;
mod trying;
mod waiting;
mod workers;
mod working;
