//! The handler blocks a thread of its own, and its worker's heartbeat goes on.

use glassworks_engine::{Handler, Run, TaskError};
use glassworks_protocol::JsonText;
use serde_json::{Value, json};

use super::worker::Worker;
use crate::lab::node::Nothing;

pub(crate) struct Render(pub(crate) Worker);

impl Handler for Render {
    const KIND: &'static str = "render";
    const DESCRIPTION: &'static str = "Draws a picture.";
    type Payload = Nothing;

    fn example() -> Value {
        json!({})
    }

    async fn run(&self, _: Nothing, run: &Run) -> Result<JsonText, TaskError> {
        let entry = self.0.begins(run);
        let takes = self.0.takes;
        let drawing = tokio::task::spawn_blocking(move || std::thread::sleep(takes));
        drawing.await.map_err(TaskError::new)?;
        Ok(self.0.returns(entry))
    }
}
