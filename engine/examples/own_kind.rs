//! A kind of your own: `cargo run --package glassworks-engine --example own_kind`.

#![allow(
    clippy::cast_precision_loss,
    clippy::print_stdout,
    missing_docs,
    reason = "an example says what it does by printing it"
)]

use futures::StreamExt;
use glassworks_engine::protocol::{EventBody, JsonText, NewTask};
use glassworks_engine::{Database, Engine, Handler, Run, TaskError};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

struct Greet;

/// Whom to greet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Guests {
    /// Their names.
    names: Vec<String>,
}

impl Handler for Greet {
    const KIND: &'static str = "greet";
    const DESCRIPTION: &'static str = "Greets everybody, one after another.";
    type Payload = Guests;

    fn example() -> Value {
        json!({ "names": ["Ada", "Grace"] })
    }

    async fn run(&self, guests: Guests, run: &Run) -> Result<JsonText, TaskError> {
        if guests.names.is_empty() {
            return Err(TaskError::permanent("there is nobody to greet"));
        }
        let mut greeted = 0_u32;
        for name in &guests.names {
            run.print(format!("Hello, {name}!\n")).await;
            greeted += 1;
            run.progress(f64::from(greeted) / guests.names.len() as f64, name)
                .await;
        }
        Ok(json!({ "greeted": greeted }).into())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let engine = Engine::builder()
        .handler(Greet)
        .start(Database::Sqlite(folder.path().join("own_kind.db")))
        .await?;

    let new = NewTask::new("greet", json!({ "names": ["Ada", "Grace"] }));
    let task = engine.submit(new).await?.task;
    let mut log = engine.follow(task.id, 0).await?;
    while let Some(events) = log.next().await {
        for event in events? {
            match &event.body {
                EventBody::Output { text, .. } => print!("{text}"),
                body => println!("{} {body:?}", event.seq),
            }
        }
    }
    println!("{:?}", engine.task(task.id).await?.result);
    engine.shutdown().await;
    Ok(())
}
