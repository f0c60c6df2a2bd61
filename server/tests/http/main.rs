//! The server over real sockets: one test binary, because each one links the whole application.

mod connections;
mod files;
mod process;
mod refusals;
mod streams;
mod support;
mod tasks;
