//! The background task's handle is dropped: nobody will ever know how it ended.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};

use super::signup::welcome;

pub(crate) fn routes(takes: Duration) -> Router {
    Router::new()
        .route("/signup/{reader}", post(signup))
        .route("/failures", get(async || "none that we know of\n"))
        .with_state(takes)
}

async fn signup(State(takes): State<Duration>, Path(reader): Path<u32>) -> StatusCode {
    tokio::spawn(welcome(reader, takes));
    StatusCode::ACCEPTED
}
