//! Making attempts: claiming tasks, starting what was claimed, and seeing each attempt to its end.

pub(crate) mod claims;
pub(crate) mod dispatcher;
pub(crate) mod panic;
mod run;
pub(crate) mod runs;
