//! Schedules: when they fire, and submitting what they say.

mod check;
mod cron;
mod scheduler;

pub(crate) use check::check;
pub(crate) use cron::Rule;
pub(crate) use scheduler::Scheduler;
