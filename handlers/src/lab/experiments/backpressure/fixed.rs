//! A queue with a bound: when it is full, whoever brings a job waits.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use tokio::sync::mpsc::{Sender, channel};

use super::desk::{Desk, Job};

pub(crate) fn routes(desk: Desk, capacity: usize) -> Router {
    let (queue, mut jobs) = channel(capacity);
    let worker = desk.clone();
    tokio::spawn(async move {
        while let Some(job) = jobs.recv().await {
            worker.work(job).await;
        }
    });
    Router::new()
        .route("/jobs", post(accept))
        .with_state((queue, desk))
}

type Shared = (Sender<Job>, Desk);

async fn accept(State((queue, desk)): State<Shared>, body: Bytes) -> StatusCode {
    let Ok(place) = queue.reserve().await else {
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    let job = desk.job(body);
    desk.entered(job.body.len());
    place.send(job);
    StatusCode::ACCEPTED
}
