//! Background tasks that panic after their request has been answered.

mod broken;
mod fixed;
mod signup;

use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use glassworks_engine::TaskError;

use super::{Experiment, Shown, Variant, variants};
use crate::lab::panics;
use crate::lab::parameters::{Parameters, parameters};
use crate::lab::prober::{Connections, Exchange};
use crate::lab::report::{Figure, Measured, quantile, spoken};
use crate::lab::stage::Stage;

variants! {
    "background_failure";
    "broken": "broken.rs", "the task's handle is dropped";
    "fixed": "fixed.rs", "the task's handle is waited for";
}

parameters! {
    /// `/signup` answers at once and sends a mail in the background. Every second mail panics.
    BackgroundFailure(MultiThread) {
        /// How many readers sign up.
        #[schema(minimum = 1, maximum = 100)]
        readers: u8 = 6,
        /// How long a mail takes, in milliseconds.
        #[schema(minimum = 0, maximum = 3000)]
        mail_ms: u32 = 300,
    }
}

impl Parameters for BackgroundFailure {}

impl Experiment for BackgroundFailure {
    async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError> {
        panics::keep_quiet();
        let takes = Duration::from_millis(self.mail_ms.into());
        // Side by side: nothing here needs a processor.
        let (broken, fixed) = futures::try_join!(
            self.variant(stage, &VARIANTS[0], move || broken::routes(takes)),
            self.variant(stage, &VARIANTS[1], move || fixed::routes(takes)),
        )?;
        let phenomenon = format!(
            "{} readers signed up and all of them were answered as if all were well ({} and {} \
             times 202, the slowest after {}). {} of the mails panicked. The program that dropped \
             the handles knows of {}, the one that waited for them of {}.",
            self.readers,
            broken.accepted,
            fixed.accepted,
            spoken(broken.slowest.max(fixed.slowest)),
            self.readers / 2 + self.readers % 2,
            broken.known,
            fixed.known,
        );
        Ok(Shown {
            variants: vec![broken.measured, fixed.measured],
            phenomenon,
        })
    }
}

struct Seen {
    measured: Measured,
    accepted: usize,
    slowest: Duration,
    known: usize,
}

impl BackgroundFailure {
    async fn variant(
        &self,
        stage: &Stage<'_>,
        variant: &'static Variant,
        routes: impl FnOnce() -> Router + Send + 'static,
    ) -> Result<Seen, TaskError> {
        let curl = "-i -X POST {}/signup/1; curl {}/failures";
        let scene = stage.scene(variant, self.runtime(), curl, routes).await?;
        let readers = u32::from(self.readers);
        // Half a second more than the mails take: by then even a busy machine has sent them.
        let settled = Duration::from_millis(u64::from(self.mail_ms) + 500);
        let (answers, list) = scene
            .probe(Connections::KeepAlive, async move |client| {
                let mut answers = Vec::new();
                for reader in 1..=readers {
                    let path = format!("/signup/{reader}");
                    answers.push(client.post("sign-up", &path, Bytes::new()).await);
                }
                tokio::time::sleep(settled).await;
                (answers, client.get("failures", "/failures").await)
            })
            .await?;
        let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
        let known = list
            .text
            .lines()
            .filter(|line| line.contains("panicked"))
            .count();
        let slowest = quantile(answers.iter().map(Exchange::took), 1.0);
        let figures = vec![
            Figure::count("accepted", "answered 202", accepted),
            Figure::time("answer_slowest", "the slowest answer", slowest),
            Figure::count(
                "panics",
                "mails that panicked",
                usize::from(self.readers.div_ceil(2)),
            ),
            Figure::count("panics_known", "panics that the program knows of", known),
        ];
        Ok(Seen {
            measured: scene.measured(figures).await,
            accepted,
            slowest: slowest.unwrap_or_default(),
            known,
        })
    }
}
