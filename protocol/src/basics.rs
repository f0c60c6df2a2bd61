//! What the small endpoints answer that show what an async server does: greet, wait, ask several
//! services, stream.

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
