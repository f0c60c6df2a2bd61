//! Somebody waits for the background task and writes down how it ended.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use parking_lot::Mutex;

use super::signup::welcome;

#[derive(Clone)]
struct Office {
    takes: Duration,
    failures: Arc<Mutex<Vec<String>>>,
}

pub(crate) fn routes(takes: Duration) -> Router {
    let failures = Arc::default();
    Router::new()
        .route("/signup/{reader}", post(signup))
        .route("/failures", get(failures_so_far))
        .with_state(Office { takes, failures })
}

async fn signup(State(office): State<Office>, Path(reader): Path<u32>) -> StatusCode {
    let task = tokio::spawn(welcome(reader, office.takes));
    tokio::spawn(async move {
        if let Err(error) = task.await {
            office.failures.lock().push(error.to_string());
        }
    });
    StatusCode::ACCEPTED
}

async fn failures_so_far(State(office): State<Office>) -> String {
    office.failures.lock().join("\n")
}
