//! The work is a task of its own: it goes on, and dies with the process.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;

use super::order::Order;

pub(crate) fn routes(order: Order) -> Router {
    Router::new()
        .route("/orders", post(place))
        .with_state(order)
}

async fn place(State(order): State<Order>) -> Result<&'static str, StatusCode> {
    let work = tokio::spawn(order.work());
    work.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok("done\n")
}
