//! `GET /api/hello`: the least that an async server can do.

use axum::Json;
use glassworks_protocol::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::tags;

/// A greeting.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hello {
    /// Always the same words.
    #[schema(example = "Hello from the async server!")]
    message: &'static str,
    /// The server's clock.
    time: Timestamp,
}

/// Greets.
///
/// The least that an async server can do: nothing is waited for, nothing is looked up.
#[utoipa::path(
    get, path = "/api/hello", tag = tags::TRY,
    responses((status = 200, description = "A greeting.", body = Hello)),
)]
pub(crate) async fn hello() -> Json<Hello> {
    Json(Hello {
        message: "Hello from the async server!",
        time: Timestamp::now(),
    })
}
