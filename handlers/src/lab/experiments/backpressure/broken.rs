//! A queue without a bound: every job is accepted at once, however many wait already.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::desk::{Desk, Job};

pub(crate) fn routes(desk: Desk) -> Router {
    let (queue, mut jobs) = unbounded_channel();
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

type Shared = (UnboundedSender<Job>, Desk);

async fn accept(State((queue, desk)): State<Shared>, body: Bytes) -> StatusCode {
    let job = desk.job(body);
    desk.entered(job.body.len());
    match queue.send(job) {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
