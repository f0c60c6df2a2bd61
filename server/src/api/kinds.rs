//! `GET /api/kinds`: what can be submitted.

use axum::Json;
use axum::extract::State;
use glassworks_engine::Engine;
use glassworks_protocol::KindInfo;
use serde::Serialize;

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Kinds {
    kinds: Vec<KindInfo>,
}

/// Every kind with its description, its payload's JSON Schema and an example.
pub(crate) async fn kinds(State(engine): State<Engine>) -> Json<Kinds> {
    Json(Kinds {
        kinds: engine.kinds().to_vec(),
    })
}
