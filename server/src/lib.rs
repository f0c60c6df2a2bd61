//! Glassworks over HTTP.
//!
//! Thin on purpose: a route reads a request, calls the one engine method that does the work, and
//! writes the answer. What is decided here is what HTTP is about: who may ask, within which limits,
//! in which form, and how it all ends.

// A page is one type, nested as deep as its elements; the default of 128 is too shallow for them.
#![recursion_limit = "256"]

mod about;
pub mod access;
mod api;
mod assets;
pub mod budget;
pub mod client;
pub mod config;
pub mod console;
mod docs;
mod error;
mod exposition;
pub mod front;
pub mod guard;
mod held;
mod lab;
mod labelled;
mod learn;
pub mod listener;
pub mod logging;
pub mod node;
mod openapi;
mod pages;
mod plain;
pub mod pulse;
pub mod router;
pub mod shutdown;
mod sign_in;
pub mod signals;
pub mod site;
pub mod traffic;
pub mod work;

/// This program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
