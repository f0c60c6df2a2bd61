//! The lessons on async servers: what a reader reads, is asked, and keeps.
//!
//! The texts are Markdown and TOML beside this crate's sources, so that a teacher can edit them, and
//! are part of the binary. [`Lessons::embedded`] parses and checks them; whoever holds [`Lessons`]
//! holds whole ones: each id that is named exists, and each figure was measured.
//!
//! - `content` (for the server): the texts, parsed and rendered.
//! - `schedule` (for the browser too): when a card is due again, by FSRS.

#[cfg(feature = "content")]
mod anki;
#[cfg(feature = "content")]
mod card;
#[cfg(feature = "content")]
mod chapter;
#[cfg(feature = "content")]
mod exercise;
mod experiment;
#[cfg(feature = "content")]
mod explain;
#[cfg(feature = "content")]
mod figure;
#[cfg(feature = "content")]
mod lessons;
#[cfg(feature = "content")]
mod markdown;
mod mastery;
mod progress;
#[cfg(feature = "content")]
mod question;
#[cfg(feature = "schedule")]
mod schedule;
#[cfg(feature = "content")]
mod source;
#[cfg(feature = "content")]
mod whole;

#[cfg(feature = "content")]
pub use anki::anki;
#[cfg(feature = "content")]
pub use card::Card;
#[cfg(feature = "content")]
pub use chapter::Chapter;
#[cfg(feature = "content")]
pub use exercise::{Exercise, Sort};
pub use experiment::Experiment;
#[cfg(feature = "content")]
pub use explain::Explanation;
#[cfg(feature = "content")]
pub use figure::{Figure, Figures, Measurement};
#[cfg(feature = "content")]
pub use lessons::Lessons;
#[cfg(feature = "content")]
pub use markdown::Html;
pub use mastery::{Condition, Line};
pub use progress::{Deed, Progress};
#[cfg(feature = "content")]
pub use question::{Answer, Question, Wrong};
#[cfg(feature = "schedule")]
pub use schedule::{Rating, Review};
#[cfg(feature = "content")]
pub use source::{Source, diagram};
#[cfg(feature = "content")]
pub use whole::Fault;

// The Rust of the guide is compiled as it stands: lines that begin with `# ` are not shown.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../guide/async-functions.md")]
    mod async_functions {}
    #[doc = include_str!("../guide/background-tasks.md")]
    mod background_tasks {}
    #[doc = include_str!("../guide/concurrency.md")]
    mod concurrency {}
    #[doc = include_str!("../guide/durable-queues.md")]
    mod durable_queues {}
    #[doc = include_str!("../guide/streaming.md")]
    mod streaming {}
    #[doc = include_str!("../guide/time-limits.md")]
    mod time_limits {}
    #[doc = include_str!("../guide/what-blocking-does.md")]
    mod what_blocking_does {}
}
