//! Rows of tasks as columns: of many tasks by one statement.

use futures::try_join;
use glassworks_protocol::{Progress, Timestamp};
use tokio_postgres::Error;
use uuid::Uuid;

use super::{Dirty, Shown, when};
use crate::store::codes;
use crate::store::postgres::connect::Connected;
use crate::store::postgres::fault::Failed;
use crate::store::postgres::rows::{StoredHead, json_text, narrow, signed};
use crate::store::postgres::statements::WriterStatements;
use crate::store::postgres::text::escaped;
use crate::store::write::NewRow;

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}

fn log_text(stored: &StoredHead) -> Result<Option<String>, Failed> {
    let log = &stored.head.log;
    Ok((!log.is_new()).then(|| json_text(log)).transpose()?)
}

/// A progress as its two columns.
fn progress_columns(progress: Option<Progress>) -> (Option<f64>, Option<String>) {
    progress.map_or((None, None), |progress| {
        let message = progress.message.map(|text| escaped(&text).into_owned());
        (Some(progress.fraction), message)
    })
}

/// The columns of heads that change.
#[derive(Default)]
struct Heads {
    ids: Vec<Uuid>,
    states: Vec<i16>,
    attempts: Vec<i32>,
    forgiven: Vec<i32>,
    run_at: Vec<i64>,
    wait_ms: Vec<Option<i64>>,
    started_at: Vec<Option<i64>>,
    finished_at: Vec<Option<i64>>,
    lease_expires_at: Vec<Option<i64>>,
    cancel_requested: Vec<bool>,
    last_seq: Vec<i64>,
    logs: Vec<Option<String>>,
    failed: Vec<i32>,
    nodes: Vec<Option<String>>,
    fractions: Vec<Option<f64>>,
    messages: Vec<Option<String>>,
}

impl Heads {
    fn add(
        &mut self,
        stored: &StoredHead,
        failed: i32,
        progress: Option<Progress>,
    ) -> Result<(), Failed> {
        let head = &stored.head;
        self.ids.push(head.id.0);
        self.states.push(codes::code(head.state));
        self.attempts.push(narrow(head.attempt));
        self.forgiven.push(narrow(head.forgiven));
        self.run_at.push(head.run_at.as_millis());
        self.wait_ms.push(head.wait_ms.map(signed));
        self.started_at.push(millis(head.started_at));
        self.finished_at.push(millis(head.finished_at));
        self.lease_expires_at.push(millis(head.lease_expires_at));
        self.cancel_requested.push(head.cancel_requested);
        self.last_seq.push(signed(head.last_seq));
        self.logs.push(log_text(stored)?);
        self.failed.push(failed);
        self.nodes.push(stored.node.clone());
        let (fraction, message) = progress_columns(progress);
        self.fractions.push(fraction);
        self.messages.push(message);
        Ok(())
    }
}

/// Heads that are stored already.
#[derive(Default)]
pub(super) struct Updates {
    heads: Heads,
    progressed: Vec<bool>,
}

impl Updates {
    pub(super) fn add(&mut self, stored: &StoredHead, dirty: Dirty) -> Result<(), Failed> {
        let stays = matches!(dirty.progress, Shown::AsBefore);
        self.progressed.push(!stays);
        let progress = dirty.progress.changed();
        self.heads.add(stored, dirty.failed, progress)
    }

    pub(super) async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let heads = &self.heads;
        if heads.ids.is_empty() {
            return Ok(());
        }
        let (client, its) = (&connected.client, &connected.statements);
        client
            .execute(
                &its.save_heads,
                &[
                    &heads.ids,
                    &heads.states,
                    &heads.attempts,
                    &heads.forgiven,
                    &heads.run_at,
                    &heads.wait_ms,
                    &heads.started_at,
                    &heads.finished_at,
                    &heads.lease_expires_at,
                    &heads.cancel_requested,
                    &heads.last_seq,
                    &heads.logs,
                    &heads.failed,
                    &heads.nodes,
                    &self.progressed,
                    &heads.fractions,
                    &heads.messages,
                ],
            )
            .await
            .map(drop)
    }
}

/// Tasks that are stored for the first time.
#[derive(Default)]
pub(super) struct Inserts<'b> {
    heads: Heads,
    kinds: Vec<&'b str>,
    queues: Vec<&'b str>,
    priorities: Vec<i16>,
    max_attempts: Vec<i32>,
    timeouts: Vec<i64>,
    created_at: Vec<i64>,
    unique_keys: Vec<Option<String>>,
    schedules: Vec<Option<Uuid>>,
    tagged: Vec<bool>,
    payloads: Vec<&'b str>,
    tags: Vec<Option<String>>,
    retries: Vec<Option<String>>,
    traces: Vec<Option<&'b str>>,
    submitters: Vec<Option<String>>,
    labels: Labels<'b>,
}

/// The tags of tasks that are stored for the first time.
#[derive(Default)]
struct Labels<'b> {
    tags: Vec<&'b str>,
    kinds: Vec<&'b str>,
    queues: Vec<&'b str>,
    states: Vec<i16>,
    tasks: Vec<Uuid>,
}

impl<'b> Inserts<'b> {
    pub(super) fn add(
        &mut self,
        new: &'b NewRow,
        stored: &StoredHead,
        dirty: Dirty,
    ) -> Result<(), Failed> {
        self.heads
            .add(stored, dirty.failed, dirty.progress.changed())?;
        self.kinds.push(&new.kind);
        self.queues.push(&new.queue);
        self.priorities.push(stored.priority);
        self.max_attempts.push(narrow(new.max_attempts));
        self.timeouts.push(signed(new.timeout_ms));
        self.created_at.push(stored.head.created_at.as_millis());
        self.unique_keys.push(stored.unique_key.clone());
        self.schedules.push(new.schedule_id);
        self.tagged.push(stored.tagged);
        self.payloads.push(&new.payload);
        let tags = stored.tagged.then(|| json_text(&new.tags)).transpose()?;
        self.tags.push(tags);
        self.retries
            .push(new.retry.as_ref().map(json_text).transpose()?);
        self.traces.push(new.traceparent.as_deref());
        let submitter = new.submitted_by.as_deref();
        self.submitters
            .push(submitter.map(|name| escaped(name).into_owned()));
        for tag in &new.tags {
            let labels = &mut self.labels;
            labels.tags.push(tag);
            labels.kinds.push(&new.kind);
            labels.queues.push(&new.queue);
            labels.states.push(codes::code(stored.head.state));
            labels.tasks.push(new.id.0);
        }
        Ok(())
    }

    pub(super) async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let (heads, labels) = (&self.heads, &self.labels);
        let any = !heads.ids.is_empty();
        let (client, its) = (&connected.client, &connected.statements);
        try_join!(
            when(any, async {
                client
                    .execute(
                        &its.insert_tasks,
                        &[
                            &heads.ids,
                            &self.kinds,
                            &self.queues,
                            &heads.states,
                            &self.priorities,
                            &heads.attempts,
                            &self.max_attempts,
                            &heads.forgiven,
                            &self.timeouts,
                            &heads.run_at,
                            &heads.wait_ms,
                            &self.created_at,
                            &heads.started_at,
                            &heads.finished_at,
                            &heads.lease_expires_at,
                            &heads.cancel_requested,
                            &heads.last_seq,
                            &heads.logs,
                            &heads.failed,
                            &heads.nodes,
                            &self.unique_keys,
                            &self.schedules,
                            &self.tagged,
                            &heads.fractions,
                            &heads.messages,
                        ],
                    )
                    .await
            }),
            when(any, async {
                client
                    .execute(
                        &its.insert_bodies,
                        &[
                            &heads.ids,
                            &self.payloads,
                            &self.tags,
                            &self.retries,
                            &self.traces,
                            &self.submitters,
                        ],
                    )
                    .await
            }),
            when(!labels.tags.is_empty(), async {
                client
                    .execute(
                        &its.insert_tags,
                        &[
                            &labels.tags,
                            &labels.kinds,
                            &labels.queues,
                            &labels.states,
                            &labels.tasks,
                        ],
                    )
                    .await
            }),
        )
        .map(drop)
    }
}

/// Tasks with tags that are in another state.
#[derive(Default)]
pub(super) struct Moves {
    pub(super) tasks: Vec<Uuid>,
    pub(super) states: Vec<i16>,
}

impl Moves {
    pub(super) async fn store(&self, connected: &Connected<WriterStatements>) -> Result<(), Error> {
        let (client, its) = (&connected.client, &connected.statements);
        let moved = async {
            client
                .execute(&its.move_tags, &[&self.tasks, &self.states])
                .await
        };
        when(!self.tasks.is_empty(), moved).await.map(drop)
    }
}
