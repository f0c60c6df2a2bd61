//! `GET /api/hello`: the least that an async server can do.

use axum::Json;
use glassworks_protocol::Timestamp;
use serde::Serialize;

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Hello {
    message: &'static str,
    time: Timestamp,
}

/// Greets.
pub(crate) async fn hello() -> Json<Hello> {
    Json(Hello {
        message: "Hello from the async server!",
        time: Timestamp::now(),
    })
}
