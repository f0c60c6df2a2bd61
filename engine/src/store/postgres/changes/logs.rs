//! What tasks have told as columns: events, what is cut from them, and failures.

use futures::try_join;
use glassworks_protocol::{Event, Failure, TaskId};
use tokio_postgres::Error;
use uuid::Uuid;

use super::when;
use crate::store::Deletion;
use crate::store::decision::LATEST_FAILURES;
use crate::store::postgres::connect::Connected;
use crate::store::postgres::fault::Failed;
use crate::store::postgres::rows::{json_text, narrow, signed};
use crate::store::postgres::statements::WriterStatements;
use crate::store::postgres::text::escaped;

/// Entries of logs.
#[derive(Default)]
pub(super) struct Told {
    tasks: Vec<Uuid>,
    seqs: Vec<i64>,
    attempts: Vec<i32>,
    ats: Vec<i64>,
    bodies: Vec<String>,
}

impl Told {
    pub(super) fn of(events: &[Event]) -> Result<Self, Failed> {
        let mut told = Self::default();
        for event in events {
            told.tasks.push(event.task_id.0);
            told.seqs.push(signed(event.seq));
            told.attempts.push(narrow(event.attempt));
            told.ats.push(event.at.as_millis());
            told.bodies.push(json_text(&event.body)?);
        }
        Ok(told)
    }

    pub(super) async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let (client, its) = (&connected.client, &connected.statements);
        let stored = async {
            client
                .execute(
                    &its.insert_events,
                    &[
                        &self.tasks,
                        &self.seqs,
                        &self.attempts,
                        &self.ats,
                        &self.bodies,
                    ],
                )
                .await
        };
        when(!self.tasks.is_empty(), stored).await.map(drop)
    }
}

/// Entries of logs that go, and what stands in their places.
#[derive(Default)]
pub(super) struct Cuts {
    tasks: Vec<Uuid>,
    firsts: Vec<i64>,
    marks: Vec<i64>,
    bodies: Vec<String>,
}

impl Cuts {
    pub(super) fn of(deletions: Vec<(TaskId, Deletion)>) -> Result<Self, Failed> {
        let mut cuts = Self::default();
        for (task, deletion) in deletions {
            cuts.tasks.push(task.0);
            cuts.firsts.push(signed(deletion.first_seq));
            cuts.marks.push(signed(deletion.mark_seq));
            cuts.bodies.push(json_text(&deletion.mark)?);
        }
        Ok(cuts)
    }

    pub(super) async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let any = !self.tasks.is_empty();
        let (client, its) = (&connected.client, &connected.statements);
        try_join!(
            when(any, async {
                client
                    .execute(
                        &its.delete_entries,
                        &[&self.tasks, &self.firsts, &self.marks],
                    )
                    .await
            }),
            when(any, async {
                client
                    .execute(&its.mark_gaps, &[&self.tasks, &self.marks, &self.bodies])
                    .await
            }),
        )
        .map(drop)
    }
}

/// Failures to keep.
#[derive(Default)]
pub(super) struct Failures {
    tasks: Vec<Uuid>,
    attempts: Vec<i32>,
    ats: Vec<i64>,
    ran: Vec<i64>,
    messages: Vec<String>,
    /// Tasks that may have more than are kept.
    many: Vec<Uuid>,
}

impl Failures {
    pub(super) fn of(failures: &[(TaskId, Failure)]) -> Self {
        let mut kept = Self::default();
        for (task, failure) in failures {
            kept.tasks.push(task.0);
            kept.attempts.push(narrow(failure.attempt));
            kept.ats.push(failure.at.as_millis());
            kept.ran.push(signed(failure.ran_ms));
            kept.messages.push(escaped(&failure.message).into_owned());
            if failure.attempt > LATEST_FAILURES {
                kept.many.push(task.0);
            }
        }
        kept
    }

    pub(super) async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let (client, its) = (&connected.client, &connected.statements);
        try_join!(
            when(!self.tasks.is_empty(), async {
                client
                    .execute(
                        &its.insert_failures,
                        &[
                            &self.tasks,
                            &self.attempts,
                            &self.ats,
                            &self.ran,
                            &self.messages,
                        ],
                    )
                    .await
            }),
            when(!self.many.is_empty(), async {
                client
                    .execute(
                        &its.thin_failures,
                        &[&self.many, &i64::from(LATEST_FAILURES)],
                    )
                    .await
            }),
        )
        .map(drop)
    }
}
