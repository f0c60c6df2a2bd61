//! Schedules: when they fire, and submitting what they say.

mod cron;
mod scheduler;

pub(crate) use cron::Rule;
pub(crate) use scheduler::Scheduler;
