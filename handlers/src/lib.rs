//! The kinds of task that come with Glassworks. A kind is one file or folder, and one line here.

pub mod basics;
mod body;
pub mod command;
pub mod fetch;
pub mod http;
pub mod lab;
pub mod outbound;
pub mod sleep;
mod text;

use std::collections::BTreeMap;

use glassworks_engine::Builder;

use crate::command::{Minders, Program};
use crate::lab::Lab;
use crate::outbound::Outbound;

/// What the kinds need to know of this node.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What reaches out goes through it. By default it reaches public addresses alone.
    pub outbound: Outbound,
    /// The programs that `command` runs, by name.
    pub commands: BTreeMap<String, Program>,
    /// How these programs are minded.
    pub minders: Minders,
    /// The lab, where the operator wants one: it starts servers on the loopback interface.
    pub lab: Option<Lab>,
}

/// Registers every kind; `command` only where there is a program to run, and `lab` only where there
/// is one, so that a node which cannot run any does not offer to.
#[must_use]
pub fn register(engine: Builder, options: Options) -> Builder {
    let mut engine = engine
        .handler(sleep::Sleep)
        .handler(fetch::Fetch::new(options.outbound.clone()))
        .handler(http::Http::new(options.outbound));
    if let Some(lab) = options.lab {
        engine = engine.handler(lab);
    }
    if options.commands.is_empty() {
        return engine;
    }
    engine.handler(command::Command::new(options.commands, options.minders))
}
