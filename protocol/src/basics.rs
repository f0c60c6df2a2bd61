//! What the small endpoints answer that show what an async server does: greet, say how it is, wait,
//! ask several services, stream.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A greeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hello {
    /// Always the same words.
    #[cfg_attr(feature = "openapi", schema(example = "Hello from the async server!"))]
    pub message: String,
    /// The server's clock.
    pub time: Timestamp,
}

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// Always `healthy`: a server that is not does not answer with 200.
    #[cfg_attr(feature = "openapi", schema(example = "healthy"))]
    pub status: String,
    /// Tasks completed since this node started.
    pub background_tasks_completed: u64,
}

/// One word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// `alive` or `ready`.
    pub status: String,
}

/// What a wait came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Waited {
    /// For people.
    pub message: String,
    /// How long it took, in seconds, to the millisecond.
    pub waited_seconds: f64,
}

/// What one of several services answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answer {
    /// Its name.
    pub source: String,
    /// What it said.
    pub data: String,
    /// Seconds that it took, to the millisecond.
    pub took: f64,
}

/// What several services answered that were asked at the same time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Aggregate {
    /// In the order in which they were asked.
    pub results: Vec<Answer>,
    /// Seconds that all of it took, to the millisecond.
    pub total_time: f64,
    /// What there is to see.
    pub note: String,
}

/// What there is to hear of several services while they are being asked: who is asked, each answer
/// as it comes, and all of it in the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Asking {
    /// All have been asked.
    Asked {
        /// Their names, in the order in which they were asked.
        sources: Vec<String>,
    },
    /// One has answered.
    Answered(Answer),
    /// All have.
    Done(Aggregate),
}

/// One number of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamedNumber {
    /// Which one it is, from 1.
    #[serde(rename = "number")]
    pub place: u32,
    /// The number.
    pub value: u32,
    /// When it was made, by the server's clock.
    pub time: Timestamp,
}
