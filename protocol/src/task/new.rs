//! A task as clients submit it.

use serde::{Deserialize, Serialize};

use crate::{JsonText, Timestamp};

/// How long to wait before another attempt: exponential backoff with jitter.
///
/// The wait before attempt `n + 1` is `initial_ms * factor^(n - 1)`, at most `max_ms`, spread by
/// up to a fifth either way so that tasks that failed together do not return together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// Wait after the first failure, in milliseconds: 0 to 86,400,000 (a day).
    #[cfg_attr(feature = "openapi", schema(maximum = 86_400_000))]
    pub initial_ms: u64,
    /// What each further wait is multiplied by: 1 to 100.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub factor: f64,
    /// The longest wait, in milliseconds: 0 to 86,400,000 (a day).
    #[cfg_attr(feature = "openapi", schema(maximum = 86_400_000))]
    pub max_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            initial_ms: 1_000,
            factor: 4.0,
            max_ms: 3_600_000,
        }
    }
}

/// A task to be: the body of `POST /api/tasks`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    /// The name of the code that runs it.
    #[cfg_attr(feature = "openapi", schema(example = "sleep"))]
    pub kind: String,
    /// What its handler is given; its shape is the kind's. At most 256 KiB, kept as the text that
    /// is sent. No member may be given twice.
    #[cfg_attr(feature = "openapi", schema(value_type = Object, default = json!({})))]
    #[serde(default = "JsonText::empty_object")]
    pub payload: JsonText,
    /// The lane it waits in; `default` when absent.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_.:-]+$")
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// 0 (first) to 9 (last); 5 when absent.
    #[cfg_attr(feature = "openapi", schema(maximum = 9))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// Not before this moment. Excludes `delay_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<Timestamp>,
    /// Not before this many milliseconds from now. Excludes `run_at`.
    #[cfg_attr(feature = "openapi", schema(maximum = 316_224_000_000u64))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// How often it may be tried, 1 to 1,000; 5 when absent.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// How long one attempt may take, in milliseconds, 1 to 604,800,000 (a week); 15 minutes
    /// when absent.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 604_800_000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Its own backoff, in place of the default one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::object::optional"
    )]
    pub retry: Option<RetryPolicy>,
    /// At most one unfinished task has a given key; submitting another returns that one.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_key: Option<String>,
    /// Words to find it by; at most 16 of at most 64 characters.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<crate::schema::Tag>, max_items = 16))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl NewTask {
    /// The queue of a task that names none.
    pub const DEFAULT_QUEUE: &str = "default";
    /// The priority of a task that names none.
    pub const DEFAULT_PRIORITY: u8 = 5;
    /// How often a task may be tried that does not say.
    pub const DEFAULT_MAX_ATTEMPTS: u32 = 5;
    /// How long an attempt may take of a task that does not say, in milliseconds: 15 minutes.
    pub const DEFAULT_TIMEOUT_MS: u64 = 15 * 60 * 1_000;

    /// A task of `kind` with `payload` and every option at its default.
    pub fn new(kind: impl Into<String>, payload: impl Into<JsonText>) -> Self {
        Self {
            kind: kind.into(),
            payload: payload.into(),
            queue: None,
            priority: None,
            run_at: None,
            delay_ms: None,
            max_attempts: None,
            timeout_ms: None,
            retry: None,
            unique_key: None,
            tags: Vec::new(),
        }
    }
}
