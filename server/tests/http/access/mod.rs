//! Who may do what, and who did what.

mod audit;
mod command;
mod exposure;
mod keys;
mod reach;
mod revoking;
mod secrets;
mod sign_in;
mod table;

use glassworks_protocol::{CreatedKey, NewKey, Scope};
use serde_json::{Value, json};

use super::support::{Answer, Client, Server};

/// A key to be, without limits.
pub(super) fn new_key(name: &str, scope: Scope) -> NewKey {
    NewKey {
        name: name.to_owned(),
        scope,
        kinds: Vec::new(),
        queues: Vec::new(),
        expires_in_ms: None,
    }
}

/// Makes a key, behind the API's back.
pub(crate) async fn key(server: &Server, scope: Scope) -> CreatedKey {
    let new = new_key(&format!("test-{scope}"), scope);
    server.engine.create_key(new).await.unwrap()
}

/// Asks with a key.
pub(crate) async fn ask(
    client: Client,
    key: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let ask = client
        .request(method, path)
        .header("authorization", &format!("Bearer {key}"));
    let ask = match body {
        Some(body) => ask.json(&body),
        None => ask,
    };
    ask.send().await.whole().await
}

/// A task that takes so long.
pub(super) fn sleep(seconds: f64) -> Value {
    json!({"kind": "sleep", "payload": {"seconds": seconds}})
}
