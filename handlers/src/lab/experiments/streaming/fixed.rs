//! Each row is sent as soon as it is found, and the next is looked for when there is room.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::get;
use futures::stream;

use super::held::Rows;

pub(crate) fn routes(rows: Rows) -> Router {
    Router::new().route("/rows", get(all)).with_state(rows)
}

async fn all(State(rows): State<Rows>) -> Body {
    Body::from_stream(stream::unfold(rows, async |mut rows| {
        rows.count = rows.count.checked_sub(1)?;
        let row = rows.find().await;
        Some((Ok::<_, std::io::Error>(row), rows))
    }))
}
