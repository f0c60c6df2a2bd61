//! Whether the server is alive, ready, and well.

use glassworks_engine::{Engine, Error};
use glassworks_protocol::{Health, Problem, ProblemCode, Status};

/// How the server is. It cannot fail, and does not ask the store.
pub fn health(engine: &Engine) -> Health {
    Health {
        status: "healthy".to_owned(),
        background_tasks_completed: engine.since_start().completed,
    }
}

/// Whether the process answers at all: it does.
pub fn alive() -> Status {
    Status {
        status: "alive".to_owned(),
    }
}

/// Whether to send it work: not when its store cannot commit, or it shuts down. Takes two seconds at
/// most.
pub async fn ready(engine: &Engine) -> Result<Status, Problem> {
    match engine.ready().await {
        Ok(()) => Ok(Status {
            status: "ready".to_owned(),
        }),
        Err(Error::ShuttingDown) => {
            Err(Problem::new(ProblemCode::ShuttingDown).with_detail("The server is shutting down."))
        }
        Err(error) => Err(Problem::new(ProblemCode::NotReady).with_detail(error.to_string())),
    }
}
