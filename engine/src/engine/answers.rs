//! From what the store answers to what the caller is told.

use glassworks_protocol::FieldError;

use crate::error::Error;
use crate::error::log_store_error;
use crate::store::{Outcome, Refusal, StoreError};

pub(super) fn answer<T>(what: &'static str, found: Result<T, StoreError>) -> Result<T, Error> {
    found.map_err(|error| log_store_error(what, &error))
}

pub(super) fn unexpected(outcome: &Outcome) -> Error {
    tracing::error!(?outcome, "the store answered another write");
    Error::Store
}

/// A refusal, as the caller is told.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands as a map_err function"
)]
pub(super) fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::NotFound(id) => Error::NotFound(id),
        Refusal::Fenced => Error::Conflict("the task is not running that attempt".to_owned()),
        Refusal::State(state) => Error::Conflict(format!("the task is {state}")),
        Refusal::KeyReused => Error::Invalid(vec![FieldError::new(
            "Idempotency-Key",
            "was used for another request",
        )]),
        Refusal::NameTaken => Error::key_name_taken(),
        Refusal::KeyTaken(id) => Error::UniqueKeyTaken(id),
        Refusal::BacklogFull(limit) => Error::BacklogFull { limit },
        Refusal::TooManyKinds(limit) => Error::Invalid(vec![FieldError::new(
            "/kinds",
            format!("{limit} kinds have been offered, which is the limit"),
        )]),
        Refusal::TooManyQueues(limit) => Error::Invalid(vec![FieldError::new(
            "/queue",
            format!("{limit} queues are in use, which is the limit"),
        )]),
    }
}
