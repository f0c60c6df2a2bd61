//! What a task is known by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// A task's id: a `UUIDv7` (RFC 9562), so ids sort by the time of submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(example = "019ab0f5-2f5c-7cc1-9d2a-4b7d3c1e8f60")
)]
#[serde(transparent)]
pub struct TaskId(pub Uuid);

impl TaskId {
    /// When the task was submitted, as its id says: a `UUIDv7` begins with milliseconds of Unix time.
    pub fn submitted_at(self) -> Timestamp {
        // Exact: 48 bits are left.
        let millis = (self.0.as_u128() >> 80) as i64;
        Timestamp::from_millis(millis)
    }

    /// The least id that a task can have which is submitted at `at` or later.
    pub fn first_at(at: Timestamp) -> Self {
        let millis = u128::try_from(at.as_millis()).unwrap_or(0);
        Self(Uuid::from_u128(millis.min((1 << 48) - 1) << 80))
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TaskId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
