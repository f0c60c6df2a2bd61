//! The basics of an async server, to be tried: greet, say how it is, wait with and without a time
//! limit, ask several services at the same time, send what is made as soon as it is made.
//!
//! None of it is a task: the work lasts as long as the request, and ends when the client goes.

mod health;
mod numbers;
mod seconds;
mod services;
mod slow;

use glassworks_protocol::{Hello, Timestamp};

pub use health::{alive, health, ready};
pub use numbers::{Numbers, lines, numbers};
pub use services::{aggregate, asking};
pub use slow::{SlowError, slow};

/// Greets. Nothing is waited for, nothing is looked up.
pub fn hello() -> Hello {
    Hello {
        message: "Hello from the async server!".to_owned(),
        time: Timestamp::now(),
    }
}
