//! The whole answer is put together before its first byte is sent.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::get;
use bytes::Bytes;
use futures::stream;

use super::held::Rows;

pub(crate) fn routes(rows: Rows) -> Router {
    Router::new().route("/rows", get(all)).with_state(rows)
}

async fn all(State(rows): State<Rows>) -> Body {
    let mut found = Vec::new();
    for _ in 0..rows.count {
        found.push(rows.find().await);
    }
    Body::from_stream(stream::iter(
        found.into_iter().map(Ok::<Bytes, std::io::Error>),
    ))
}
