//! What an error of PostgreSQL means, and what a batch can do about it.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::store::{StoreError, StoreFailure};

/// The unique indexes that two nodes may meet at: the second finds what the first has stored.
const MEETINGS: [&str; 2] = ["tasks_unique_key", "requests_pkey"];

/// In what way PostgreSQL failed.
fn failure_of(error: &Error) -> StoreFailure {
    let Some(code) = error.code() else {
        // Not an answer of the server: the connection has failed, or never came to be.
        let lost = error.is_closed()
            || std::error::Error::source(error)
                .is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
        return if lost {
            StoreFailure::Unreachable
        } else {
            StoreFailure::Failed
        };
    };
    match code.code() {
        "53100" => StoreFailure::Full,
        "53000" | "53200" | "53300" | "53400" | "55P03" => StoreFailure::Busy,
        "57014" | "25P03" => StoreFailure::TimedOut,
        // Shut down, starting, dropped, or a standby that has taken its place.
        "57P01" | "57P02" | "57P03" | "57P05" | "25006" => StoreFailure::Unreachable,
        "57P04" | "3D000" | "3F000" | "42P01" => StoreFailure::Gone,
        "58000" | "58030" => StoreFailure::Faulty,
        "XX001" | "XX002" => StoreFailure::Damaged,
        other if other.starts_with("08") || other.starts_with("28") => StoreFailure::Unreachable,
        _ => StoreFailure::Failed,
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let mut cause = error.to_string();
        if let Some(said) = error.as_db_error() {
            cause = format!(
                "{}: {} ({})",
                said.severity(),
                said.message(),
                said.code().code()
            );
        } else if let Some(source) = std::error::Error::source(&error) {
            cause = format!("{cause}: {source}");
        }
        Self::new(failure_of(&error), cause)
    }
}

/// An error of a batch, and whether the same batch may go through when it is tried again.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: StoreError,
    pub(super) again: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        let again = match error.code() {
            Some(code) if *code == SqlState::UNIQUE_VIOLATION => error
                .as_db_error()
                .and_then(|said| said.constraint())
                .is_some_and(|name| MEETINGS.contains(&name)),
            Some(code) => {
                *code == SqlState::T_R_DEADLOCK_DETECTED
                    || *code == SqlState::T_R_SERIALIZATION_FAILURE
            }
            None => false,
        };
        Self {
            error: error.into(),
            again,
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self {
            error,
            again: false,
        }
    }
}

/// What is wrong with the server at the moment, where something is. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Fault(Arc<Mutex<Option<StoreError>>>);

impl Fault {
    pub(super) fn get(&self) -> Option<StoreError> {
        self.0.lock().clone()
    }

    /// The server was reached, or was not.
    pub(super) fn note(&self, reached: Result<(), &StoreError>) {
        let mut fault = self.0.lock();
        match (reached, fault.is_some()) {
            (Ok(()), true) => tracing::info!("the database is reached again"),
            (Err(error), false) => tracing::error!(%error, "the database is not reached"),
            _ => {}
        }
        *fault = reached.err().cloned();
    }
}
