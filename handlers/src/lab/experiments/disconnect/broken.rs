//! The work is part of the request: when the client goes, the handler's future is dropped.

use axum::Router;
use axum::extract::State;
use axum::routing::post;

use super::order::Order;

pub(crate) fn routes(order: Order) -> Router {
    Router::new()
        .route("/orders", post(place))
        .with_state(order)
}

async fn place(State(order): State<Order>) -> &'static str {
    order.work().await;
    "done\n"
}
