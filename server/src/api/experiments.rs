//! `/api/experiments`: what the lab can break, and what is to be learned by it.

use axum::Json;
use glassworks_engine::Handler as _;
use glassworks_handlers::lab::Lab;
use glassworks_handlers::lab::catalogue::{self, Experiment};
use glassworks_protocol::ProblemCode;
use glassworks_protocol::excerpt::quoted;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::NamePath;
use crate::access::Acting;
use crate::error::{ApiError, ApiResult};
use crate::openapi::tags;

/// What the lab can break.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Experiments {
    /// Whether tasks of the kind `lab` run on this node: its operator can switch them off.
    lab: bool,
    /// As a path through them.
    experiments: Vec<ExperimentSummary>,
}

/// An experiment in short.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExperimentSummary {
    /// Its name in a task's payload.
    name: &'static str,
    /// The experiment in a few words.
    title: &'static str,
    /// What it asks, as Markdown.
    question: &'static str,
}

/// Lists the experiments of the lab.
///
/// Each is run as a task of the kind `lab` with the payload `{"experiment": name}`.
#[utoipa::path(
    get, path = "/api/experiments", tag = tags::LAB, operation_id = "list_experiments",
    responses((status = 200, description = "The list.", body = Experiments)),
)]
pub(crate) async fn list(Acting(engine): Acting) -> Json<Experiments> {
    let summary = |experiment: &'static Experiment| ExperimentSummary {
        name: experiment.name,
        title: &experiment.lesson.title,
        question: &experiment.lesson.question,
    };
    Json(Experiments {
        lab: engine.kinds().iter().any(|info| info.kind == Lab::KIND),
        experiments: catalogue::experiments().iter().map(summary).collect(),
    })
}

/// Reads an experiment: its lesson, the code of its variants, its parameters.
///
/// The code is what runs: each variant is a file of the server's own source.
#[utoipa::path(
    get, path = "/api/experiments/{name}", tag = tags::LAB, operation_id = "get_experiment",
    params(("name" = String, Path, description = "The experiment's name.", example = "blocking")),
    responses((status = 200, description = "The experiment.", body = Experiment)),
)]
pub(crate) async fn get(NamePath(name): NamePath) -> ApiResult<Json<&'static Experiment>> {
    let mut experiments = catalogue::experiments().iter();
    let found = experiments.find(|experiment| experiment.name == name);
    found.map(Json).ok_or_else(|| {
        let detail = format!("There is no experiment {}.", quoted(&name));
        ApiError::new(ProblemCode::NotFound, detail)
    })
}
