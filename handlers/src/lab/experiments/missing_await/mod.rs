//! A forgotten `.await`, and one where none may stand: what the compiler says, and what happens.

mod broken;
mod fixed;
mod notes;

use axum::Router;
use bytes::Bytes;
use glassworks_engine::TaskError;

use super::{CompilerWords, Experiment, Shown, Variant, variants};
use crate::lab::parameters::{Parameters, parameters};
use crate::lab::prober::{Connections, Exchange};
use crate::lab::report::{Figure, Measured, quantile};
use crate::lab::stage::Stage;
use notes::Notes;

variants! {
    "missing_await";
    "broken": "broken.rs", "save(note) without .await";
    "fixed": "fixed.rs", "save(note).await";
}

/// What the compiler says. `scripts/lab-compiler-words` writes its words anew.
pub(crate) const COMPILER_WORDS: &[CompilerWords] = &[
    CompilerWords {
        title: "a forgotten .await",
        code: include_str!("compiler/forgotten_await.rs"),
        words: include_str!("compiler/forgotten_await.txt"),
    },
    CompilerWords {
        title: ".await in a function that is not async",
        code: include_str!("compiler/await_outside_async.rs"),
        words: include_str!("compiler/await_outside_async.txt"),
    },
];

parameters! {
    /// `POST /notes` answers 201 for every note. How many were saved?
    MissingAwait(MultiThread) {
        /// How many notes are sent.
        #[schema(minimum = 1, maximum = 200)]
        notes: u8 = 10,
    }
}

impl Parameters for MissingAwait {}

impl Experiment for MissingAwait {
    async fn run(&self, stage: &Stage<'_>) -> Result<Shown, TaskError> {
        for CompilerWords { title, words, .. } in COMPILER_WORDS {
            stage
                .say(format!("The compiler on {title}:\n\n{words}"))
                .await;
        }
        let (broken, fixed) = futures::try_join!(
            self.variant(stage, &VARIANTS[0], broken::routes),
            self.variant(stage, &VARIANTS[1], fixed::routes),
        )?;
        let phenomenon = format!(
            "Without .await {} of {} notes were answered 201 and {} were saved: a future that \
             nobody polls does nothing. With .await {} were answered and {} saved.",
            broken.answered, self.notes, broken.saved, fixed.answered, fixed.saved,
        );
        Ok(Shown {
            variants: vec![broken.measured, fixed.measured],
            phenomenon,
        })
    }
}

struct Seen {
    measured: Measured,
    answered: usize,
    saved: usize,
}

impl MissingAwait {
    async fn variant(
        &self,
        stage: &Stage<'_>,
        variant: &'static Variant,
        routes: impl FnOnce(Notes) -> Router + Send + 'static,
    ) -> Result<Seen, TaskError> {
        let notes = Notes::default();
        let given = notes.clone();
        let scene = stage
            .scene(
                variant,
                self.runtime(),
                "-i {}/notes -d 'a note'",
                move || routes(given),
            )
            .await?;
        let count = self.notes;
        let answers = scene
            .probe(Connections::KeepAlive, async move |client| {
                let mut answers = Vec::new();
                for number in 1..=count {
                    let note = Bytes::from(format!("note {number}"));
                    answers.push(client.post("notes", "/notes", note).await);
                }
                answers
            })
            .await?;
        let answered = answers.iter().filter(|answer| answer.is_ok()).count();
        let slowest = quantile(answers.iter().map(Exchange::took), 1.0);
        let figures = vec![
            Figure::count("answered", "answered 201", answered),
            Figure::count("saved", "notes saved", notes.count()),
            Figure::time("answer_slowest", "the slowest answer", slowest),
        ];
        Ok(Seen {
            measured: scene.measured(figures).await,
            answered,
            saved: notes.count(),
        })
    }
}
