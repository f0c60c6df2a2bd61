//! Keys of a running server, through its API.

use std::error::Error;
use std::time::Duration;

use glassworks_protocol::{ApiKey, CreatedKey, NewKey};
use glassworks_server::client::{Ask, Server, read};
use http::Method;
use serde::Deserialize;
use uuid::Uuid;

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub(super) struct Remote(pub(super) Server);

#[derive(Deserialize)]
struct Keys {
    keys: Vec<ApiKey>,
}

impl Remote {
    pub(super) async fn create(&self, new: &NewKey) -> Result<CreatedKey, Box<dyn Error>> {
        let body = serde_json::to_vec(new)?;
        let ask = Ask::new(Method::POST, "/api/keys").with_body(body);
        Ok(read(&self.0.ask(ask, PATIENCE).await?)?)
    }

    pub(super) async fn list(&self) -> Result<Vec<ApiKey>, Box<dyn Error>> {
        let ask = Ask::new(Method::GET, "/api/keys");
        let Keys { keys } = read(&self.0.ask(ask, PATIENCE).await?)?;
        Ok(keys)
    }

    pub(super) async fn revoke(&self, id: Uuid) -> Result<(), Box<dyn Error>> {
        let ask = Ask::new(Method::DELETE, format!("/api/keys/{id}"));
        self.0.ask(ask, PATIENCE).await?;
        Ok(())
    }
}
