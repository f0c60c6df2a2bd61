//! The future that saves the note is made, and dropped without having been polled.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;

use super::notes::Notes;

pub(crate) fn routes(notes: Notes) -> Router {
    Router::new().route("/notes", post(write)).with_state(notes)
}

#[expect(
    unused_must_use,
    reason = "the compiler's warning is what this is about"
)]
async fn write(State(notes): State<Notes>, note: String) -> StatusCode {
    notes.save(note);
    StatusCode::CREATED
}
