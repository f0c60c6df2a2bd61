//! One large answer against a stream: the first byte, and what the server holds.

mod broken;
mod fixed;
mod held;

use std::time::Duration;

use axum::Router;
use glassworks_engine::TaskError;
use glassworks_protocol::FieldError;

use super::{Experiment, Shown, Variant, variants};
use crate::lab::parameters::{Parameters, parameters};
use crate::lab::prober::{Connections, Exchange};
use crate::lab::report::{Figure, Measured, spoken};
use crate::lab::stage::Stage;
use held::Rows;

variants! {
    "streaming";
    "broken": "broken.rs", "the whole answer is built first";
    "fixed": "fixed.rs", "each row is sent as it is found";
}

/// An answer's bytes.
const MOST_KIB: u32 = 32 * 1_024;
/// How long finding all rows may take, in milliseconds.
const LONGEST_MS: u32 = 20_000;

parameters! {
    /// `/rows` answers with rows that have to be found one after the other.
    Streaming(MultiThread) {
        /// How many rows there are.
        #[schema(minimum = 1, maximum = 500)]
        rows: u32 = 20,
        /// How long each takes to find, in milliseconds.
        #[schema(minimum = 0, maximum = 1000)]
        row_ms: u32 = 50,
        /// How large each is, in KiB.
        #[schema(minimum = 1, maximum = 4096)]
        row_kib: u32 = 64,
    }
}

impl Parameters for Streaming {
    fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.rows * self.row_kib > MOST_KIB {
            let detail = format!("makes an answer of more than {MOST_KIB} KiB with these `rows`");
            errors.push(FieldError::new("/row_kib", detail));
        }
        if self.rows * self.row_ms > LONGEST_MS {
            let detail = format!("makes an answer of more than {LONGEST_MS} ms with these `rows`");
            errors.push(FieldError::new("/row_ms", detail));
        }
        errors
    }
}

impl Experiment for Streaming {
    async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError> {
        // One after the other: both move bytes, and would take the processor from each other.
        let broken = self.variant(stage, &VARIANTS[0], broken::routes).await?;
        stage.progress(0.5, "the whole answer was measured").await;
        let fixed = self.variant(stage, &VARIANTS[1], fixed::routes).await?;
        let phenomenon = format!(
            "Built first, the answer of {} KiB began after {} and was complete after {}; the \
             server held {} KiB of it. Streamed, it began after {} and was complete after {}; the \
             server held at most {} KiB.",
            self.rows * self.row_kib,
            spoken(broken.first_byte),
            spoken(broken.answer.took()),
            broken.held / 1_024,
            spoken(fixed.first_byte),
            spoken(fixed.answer.took()),
            fixed.held / 1_024,
        );
        Ok(Shown {
            variants: vec![broken.measured, fixed.measured],
            phenomenon,
        })
    }
}

struct Seen {
    measured: Measured,
    answer: Exchange,
    first_byte: Duration,
    held: usize,
}

impl Streaming {
    async fn variant(
        &self,
        stage: &Stage<'_>,
        variant: &'static Variant,
        routes: impl FnOnce(Rows) -> Router + Send + 'static,
    ) -> Result<Seen, TaskError> {
        let rows = Rows {
            count: self.rows as usize,
            bytes: self.row_kib as usize * 1_024,
            takes: Duration::from_millis(self.row_ms.into()),
            gauge: held::Gauge::default(),
        };
        let gauge = rows.gauge.clone();
        let scene = stage
            .scene(variant, self.runtime(), "-N {}/rows", move || routes(rows))
            .await?;
        let answer = scene
            .probe(Connections::KeepAlive, async move |client| {
                client.get("warm-up", "/ping").await;
                client.get("rows", "/rows").await
            })
            .await?;
        let first_byte = answer.first_byte.map(|at| at.saturating_sub(answer.sent));
        let bytes = usize::try_from(answer.bytes).unwrap_or(usize::MAX);
        let figures = vec![
            Figure::time("first_byte", "the first byte", first_byte),
            Figure::time("done", "the last byte", answer.took()),
            Figure::bytes("answer_bytes", "the answer", bytes),
            Figure::bytes(
                "held_bytes",
                "most of it that the server held",
                gauge.most(),
            ),
        ];
        Ok(Seen {
            measured: scene.measured(figures).await,
            answer,
            first_byte: first_byte.unwrap_or_default(),
            held: gauge.most(),
        })
    }
}
