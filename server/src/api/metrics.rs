//! `GET /metrics`: the server's figures, for Prometheus.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use glassworks_engine::Engine;
use glassworks_protocol::{Figures, Queue, State as TaskState, StateCounts, Timestamp};
use http::{HeaderValue, header};

use crate::VERSION;
use crate::budget::Budget;
use crate::exposition::{CONTENT_TYPE, Exposition, Kind};
use crate::held::Counted;
use crate::node::Node;
use crate::openapi::tags;
use crate::pulse::RuntimeFigures;
use crate::traffic::Traffic;

/// How long the store may take to tell its figures. Prometheus itself waits for ten seconds.
const STORE_WITHIN: Duration = Duration::from_secs(2);

/// Tells the server's figures to Prometheus.
///
/// In the text format, version 0.0.4. The figures of the store are left out while it does not
/// answer within two seconds: `glassworks_store_up` says whether it does.
#[utoipa::path(
    get, path = "/metrics", tag = tags::SERVER,
    responses((status = 200, description = "The figures at this moment.", body = String,
        content_type = "text/plain; version=0.0.4; charset=utf-8")),
)]
pub(crate) async fn metrics(State(node): State<Node>) -> Response {
    let mut text = Exposition::default();
    text.heading(
        "glassworks_build_info",
        Kind::Gauge,
        "The version; always 1.",
    );
    text.sample("glassworks_build_info", &[("version", VERSION)], 1);
    engine(&mut text, &node.engine);
    workers(&mut text, &node.engine);
    let asked = async { tokio::try_join!(node.engine.figures(), node.engine.queues()) };
    // A store that stands still takes its own figures away and no others.
    let stored = tokio::time::timeout(STORE_WITHIN, asked).await;
    let stored = stored.ok().and_then(Result::ok);
    text.single(
        "glassworks_store_up",
        Kind::Gauge,
        "Whether the store answers: 1 or 0.",
        u8::from(stored.is_some()),
    );
    if let Some((figures, queues)) = stored {
        store(&mut text, &figures, &queues);
    }
    runtime(&mut text, node.pulse.read());
    held(&mut text, &node.budget);
    requests(&mut text, &node.traffic);
    let content_type = HeaderValue::from_static(CONTENT_TYPE);
    // Whoever looks for the reason of a refusal must not be refused.
    let mut response = ([(header::CONTENT_TYPE, content_type)], text.finish()).into_response();
    response.extensions_mut().insert(Counted);
    response
}

/// What the node has done since it started. None of it comes from the store.
fn engine(text: &mut Exposition, engine: &Engine) {
    text.single(
        "glassworks_tasks_submitted_total",
        Kind::Counter,
        "Tasks that this node has accepted.",
        engine.submitted_since_start(),
    );
    let entered: StateCounts = engine.since_start();
    let name = "glassworks_tasks_ended_total";
    text.heading(
        name,
        Kind::Counter,
        "Tasks that ended, by the state they ended in.",
    );
    for state in TaskState::ALL.into_iter().filter(|s| s.is_final()) {
        text.sample(name, &[("state", state.as_str())], entered.get(state));
    }
    text.single(
        "glassworks_attempts_retried_total",
        Kind::Counter,
        "Attempts that failed with another to follow.",
        entered.retrying,
    );
    let journal = engine.journal();
    text.single(
        "glassworks_journal_writes_total",
        Kind::Counter,
        "Writes that the journal has committed.",
        journal.writes,
    );
    let name = "glassworks_journal_batches_total";
    text.heading(
        name,
        Kind::Counter,
        "Transactions that the journal has made of them, by whether they waited for the disk.",
    );
    let hasty = journal.batches.saturating_sub(journal.durable_batches);
    text.sample(name, &[("durable", "true")], journal.durable_batches);
    text.sample(name, &[("durable", "false")], hasty);
    let name = "glassworks_task_pick_up_seconds";
    text.heading(
        name,
        Kind::Histogram,
        "From the moment that a task was due to the start of its handler.",
    );
    text.durations(name, &[], &engine.pick_up());
    let name = "glassworks_task_run_seconds";
    text.heading(name, Kind::Histogram, "How long attempts ran.");
    text.durations(name, &[], &engine.run());
    text.single(
        "glassworks_workers",
        Kind::Gauge,
        "Tasks that may run at a time on this node.",
        engine.workers(),
    );
    text.single(
        "glassworks_workers_busy",
        Kind::Gauge,
        "Tasks that run now on this node.",
        engine.busy_workers(),
    );
}

/// What workers have asked for over HTTP.
fn workers(text: &mut Exposition, engine: &Engine) {
    let counts = engine.worker_counts();
    let name = "glassworks_worker_claims_total";
    text.heading(
        name,
        Kind::Counter,
        "Claims of workers that were answered, by whether they were given tasks.",
    );
    text.sample(name, &[("given", "true")], counts.claims);
    text.sample(name, &[("given", "false")], counts.empty_claims);
    text.single(
        "glassworks_worker_claims_waiting",
        Kind::Gauge,
        "Claims that wait for a task.",
        u32::try_from(engine.waiting_claims()).unwrap_or(u32::MAX),
    );
    let name = "glassworks_worker_tasks_total";
    text.heading(
        name,
        Kind::Counter,
        "Tasks given to workers, and those of them put back because the claim's client had gone.",
    );
    text.sample(name, &[("way", "claimed")], counts.claimed_tasks);
    text.sample(name, &[("way", "returned")], counts.returned_tasks);
    text.single(
        "glassworks_worker_beats_total",
        Kind::Counter,
        "Beats of workers.",
        counts.beats,
    );
    text.single(
        "glassworks_worker_lost_leases_total",
        Kind::Counter,
        "Attempts that workers wrote for although the task was not theirs any more.",
        counts.lost_leases,
    );
    text.single(
        "glassworks_worker_expired_attempts_total",
        Kind::Counter,
        "Attempts of workers that were silent for too long, or whose time was over.",
        counts.expired_attempts,
    );
}

/// What the store holds.
fn store(text: &mut Exposition, figures: &Figures, queues: &[Queue]) {
    let name = "glassworks_tasks";
    text.heading(
        name,
        Kind::Gauge,
        "Tasks kept in the store, by queue and state.",
    );
    for queue in queues {
        for state in TaskState::ALL {
            let labels = [("queue", queue.name.as_str()), ("state", state.as_str())];
            text.sample(name, &labels, queue.tasks.get(state));
        }
    }
    let name = "glassworks_queue_paused";
    text.heading(name, Kind::Gauge, "Whether a queue is paused: 1 or 0.");
    for queue in queues {
        let paused = u8::from(queue.settings.paused);
        text.sample(name, &[("queue", queue.name.as_str())], paused);
    }
    let waits_ms = figures
        .oldest_waiting_at
        .map_or(0, |due| Timestamp::now().millis_since(due).max(0));
    text.single(
        "glassworks_oldest_waiting_seconds",
        Kind::Gauge,
        "How long the task that has waited longest for a worker has been due; 0 when none waits.",
        Duration::from_millis(waits_ms.unsigned_abs()).as_secs_f64(),
    );
    text.single(
        "glassworks_store_size_bytes",
        Kind::Gauge,
        "What the store takes up on the disk.",
        figures.store.size_bytes,
    );
    text.single(
        "glassworks_store_log_bytes",
        Kind::Gauge,
        "How much of that is a log that has not been moved into the database yet.",
        figures.store.log_bytes,
    );
    text.single(
        "glassworks_store_reads_total",
        Kind::Counter,
        "How often this node has asked its store something.",
        figures.store.reads,
    );
}

/// How the Tokio runtime does.
fn runtime(text: &mut Exposition, figures: RuntimeFigures) {
    text.single(
        "glassworks_runtime_workers",
        Kind::Gauge,
        "Threads of the Tokio runtime that run futures.",
        figures.workers,
    );
    text.single(
        "glassworks_runtime_busy_ratio",
        Kind::Gauge,
        "Which part of the last ten seconds those threads were busy.",
        figures.busy_ratio,
    );
    text.single(
        "glassworks_runtime_lag_seconds",
        Kind::Gauge,
        "How late the runtime woke a sleeper at worst in the last ten seconds.",
        figures.lag_ms / 1_000.0,
    );
    text.single(
        "glassworks_runtime_futures",
        Kind::Gauge,
        "Futures that were spawned and are not over.",
        figures.alive_futures,
    );
}

/// What is held for clients.
fn held(text: &mut Exposition, budget: &Budget) {
    let shares = budget.named();
    let name = "glassworks_budget_bytes";
    text.heading(
        name,
        Kind::Gauge,
        "Bytes that may be held for clients, by what they are for.",
    );
    for (purpose, share) in &shares {
        text.sample(name, &[("for", purpose)], share.size());
    }
    let name = "glassworks_budget_used_bytes";
    text.heading(
        name,
        Kind::Gauge,
        "Bytes that are held for clients, by what they are for.",
    );
    for (purpose, share) in &shares {
        text.sample(name, &[("for", purpose)], share.used());
    }
    let name = "glassworks_budget_refused_total";
    text.heading(
        name,
        Kind::Counter,
        "Requests that were refused because too much was held, by what for.",
    );
    for (purpose, share) in &shares {
        text.sample(name, &[("for", purpose)], share.refused());
    }
}

/// What was asked of the server.
fn requests(text: &mut Exposition, traffic: &Traffic) {
    text.single(
        "glassworks_http_requests_open",
        Kind::Gauge,
        "Requests that are not over, this one and streams among them.",
        traffic.open_requests(),
    );
    let rows = traffic.read();
    let name = "glassworks_http_requests_total";
    text.heading(
        name,
        Kind::Counter,
        "Requests that were answered, by method, route and status.",
    );
    for row in &rows {
        for (status, count) in &row.by_status {
            let status = status.to_string();
            let labels = [
                ("method", row.method),
                ("route", row.route.as_str()),
                ("status", status.as_str()),
            ];
            text.sample(name, &labels, count);
        }
    }
    let name = "glassworks_http_request_duration_seconds";
    text.heading(
        name,
        Kind::Histogram,
        "From a request's head to the head of its answer, by method and route.",
    );
    for row in &rows {
        let labels = [("method", row.method), ("route", row.route.as_str())];
        text.durations(name, &labels, &row.took);
    }
}
