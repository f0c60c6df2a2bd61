//! The lab: every experiment on a real engine, with short times. Each test compares within one run,
//! so that a busy machine makes it slower and not wrong.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::float_cmp, reason = "figures that are counts are exact")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "a payload reads best where it is passed"
)]

mod phenomena;
mod refusals;
mod support;
