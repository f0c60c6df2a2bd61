//! How long the steps of a request took.

use std::time::Duration;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// How long the steps of a request took, as far as it came. Redirects add up. As JSON, in
/// milliseconds, without the steps that were not reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Timings {
    /// Resolving names.
    #[serde(
        rename = "dns_ms",
        skip_serializing_if = "Option::is_none",
        serialize_with = "step"
    )]
    #[schema(value_type = Option<f64>)]
    pub dns: Option<Duration>,
    /// Connecting.
    #[serde(
        rename = "connect_ms",
        skip_serializing_if = "Option::is_none",
        serialize_with = "step"
    )]
    #[schema(value_type = Option<f64>)]
    pub connect: Option<Duration>,
    /// Agreeing on TLS.
    #[serde(
        rename = "tls_ms",
        skip_serializing_if = "Option::is_none",
        serialize_with = "step"
    )]
    #[schema(value_type = Option<f64>)]
    pub tls: Option<Duration>,
    /// From the start until the head of the last answer was there.
    #[serde(
        rename = "first_byte_ms",
        skip_serializing_if = "Option::is_none",
        serialize_with = "step"
    )]
    #[schema(value_type = Option<f64>)]
    pub first_byte: Option<Duration>,
}

impl Timings {
    pub(super) fn add(step: &mut Option<Duration>, took: Duration) {
        *step = Some(step.unwrap_or_default() + took);
    }
}

/// Milliseconds, to the hundredth: what a clock on a network can tell.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

#[allow(clippy::ref_option, reason = "serde hands the field by reference")]
fn step<S: Serializer>(step: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    step.map(millis).serialize(serializer)
}
