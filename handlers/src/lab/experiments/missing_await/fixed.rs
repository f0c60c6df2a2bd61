//! The handler waits until the note has been saved.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;

use super::notes::Notes;

pub(crate) fn routes(notes: Notes) -> Router {
    Router::new().route("/notes", post(write)).with_state(notes)
}

async fn write(State(notes): State<Notes>, note: String) -> StatusCode {
    notes.save(note).await;
    StatusCode::CREATED
}
