//! The work is a durable task: it is stored before the answer, and outlives client and process.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use glassworks_engine::{Engine, Handler, Run, TaskError};
use glassworks_protocol::{JsonText, NewTask};
use serde_json::{Value, json};

use super::order::Order;
use crate::lab::node::Nothing;

pub(crate) fn routes(engine: Engine) -> Router {
    Router::new()
        .route("/orders", post(place))
        .with_state(engine)
}

async fn place(State(engine): State<Engine>) -> Result<(StatusCode, String), StatusCode> {
    let task = engine.submit(NewTask::new("order", json!({}))).await;
    let task = task.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?.task;
    Ok((StatusCode::ACCEPTED, format!("{}\n", task.id)))
}

impl Handler for Order {
    const KIND: &'static str = "order";
    const DESCRIPTION: &'static str = "Works on an order.";
    type Payload = Nothing;

    fn example() -> Value {
        json!({})
    }

    async fn run(&self, _: Nothing, _: &Run) -> Result<JsonText, TaskError> {
        self.clone().work().await;
        Ok(json!("done").into())
    }
}
