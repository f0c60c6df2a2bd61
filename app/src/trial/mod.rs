//! A request that is tried from a page: what is seen of it, moment by moment. Pure.

mod course;
mod lines;
mod utf8;
mod waterfall;

pub(crate) use course::{Course, Stage, span};
pub(crate) use lines::Lines;
pub(crate) use waterfall::{Bar, Waterfall};
