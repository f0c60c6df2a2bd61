//! The handler blocks the event loop that its worker's heartbeat runs on.

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
        std::thread::sleep(self.0.takes);
        Ok(self.0.returns(entry))
    }
}
