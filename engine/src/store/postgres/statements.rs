//! The prepared statements of a connection.

use futures::future::try_join_all;
use tokio_postgres::{Client, Error, Statement};

use super::sql;

/// Statements that a connection prepares once, when it is made.
pub(super) trait Statements: Sized + Send + Sync {
    fn prepare(client: &Client) -> impl Future<Output = Result<Self, Error>> + Send;
}

macro_rules! statements {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $text:ident,)* }) => {
        $(#[$doc])*
        pub(super) struct $name {
            $(pub(super) $field: Statement,)*
        }

        impl Statements for $name {
            async fn prepare(client: &Client) -> Result<Self, Error> {
                // On the heap: together they would be much for a stack.
                let texts = [$(sql::$text),*];
                let prepared = try_join_all(texts.map(|text| client.prepare(text))).await?;
                // As many as there are texts, in their order.
                let mut place = 0..;
                Ok(Self { $($field: prepared[place.next().unwrap_or(0)].clone(),)* })
            }
        }
    };
}

statements! {
    /// What changes tasks.
    WriterStatements {
        probe: PROBE,
        now: NOW,
        notify: NOTIFY,
        heads: HEADS,
        heads_free: HEADS_FREE,
        heads_due: HEADS_DUE,
        heads_misset: HEADS_MISSET,
        heads_expired: HEADS_EXPIRED,
        heads_finished: HEADS_FINISHED,
        heads_queued: HEADS_QUEUED,
        heads_requested: HEADS_REQUESTED,
        next_due: NEXT_DUE,
        bodies: BODIES,
        keys: KEYS,
        remotes: REMOTES,
        remote_due: REMOTE_DUE,
        save_remotes: SAVE_REMOTES,
        delete_remotes: DELETE_REMOTES,
        names_of_kinds: NAMES_OF_KINDS,
        save_kinds: SAVE_KINDS,
        insert_tasks: INSERT_TASKS,
        insert_bodies: INSERT_BODIES,
        insert_tags: INSERT_TAGS,
        move_tags: MOVE_TAGS,
        save_heads: SAVE_HEADS,
        insert_events: INSERT_EVENTS,
        delete_entries: DELETE_ENTRIES,
        mark_gaps: MARK_GAPS,
        insert_failures: INSERT_FAILURES,
        thin_failures: THIN_FAILURES,
        save_results: SAVE_RESULTS,
        delete_tasks: DELETE_TASKS,
        delete_bodies: DELETE_BODIES,
        delete_results: DELETE_RESULTS,
        delete_failures: DELETE_FAILURES,
        delete_events: DELETE_EVENTS,
        delete_tags: DELETE_TAGS,
        requests: REQUESTS,
        save_request: SAVE_REQUEST,
        prune_requests: PRUNE_REQUESTS,
        counts: COUNTS,
        add_counts: ADD_COUNTS,
        queues: QUEUES,
        lock_queues: LOCK_QUEUES,
        running_in: RUNNING_IN,
        save_queue: SAVE_QUEUE,
        save_paces: SAVE_PACES,
        save_schedule: SAVE_SCHEDULE,
        delete_schedule: DELETE_SCHEDULE,
        reschedule: RESCHEDULE,
        move_schedule: MOVE_SCHEDULE,
        insert_key: INSERT_KEY,
        delete_key: DELETE_KEY,
        use_keys: USE_KEYS,
        insert_session: INSERT_SESSION,
        delete_session: DELETE_SESSION,
        delete_sessions_of_key: DELETE_SESSIONS_OF_KEY,
        use_sessions: USE_SESSIONS,
        prune_sessions: PRUNE_SESSIONS,
        insert_audit: INSERT_AUDIT,
        prune_audit: PRUNE_AUDIT,
    }
}

statements! {
    /// What answers questions.
    ReaderStatements {
        counts: COUNTS,
        counts_by_state: COUNTS_BY_STATE,
        queues: QUEUES,
        schedules: SCHEDULES,
        schedule_tasks: SCHEDULE_TASKS,
        all_keys: ALL_KEYS,
        all_sessions: ALL_SESSIONS,
        summaries: SUMMARIES,
        tasks: TASKS,
        newest_of_all: NEWEST_OF_ALL,
        oldest_of_all: OLDEST_OF_ALL,
        newest_listed: NEWEST_LISTED,
        oldest_listed: OLDEST_LISTED,
        newest_tagged: NEWEST_TAGGED,
        oldest_tagged: OLDEST_TAGGED,
        count_all: COUNT_ALL,
        count_listed: COUNT_LISTED,
        count_tagged: COUNT_TAGGED,
        texts: TEXTS,
        task_position: TASK_POSITION,
        events_after: EVENTS_AFTER,
        oldest_queued: OLDEST_QUEUED,
        kinds: KINDS,
        queued_by_kind: QUEUED_BY_KIND,
        next_remote_end: NEXT_REMOTE_END,
        figures: FIGURES,
    }
}

/// A connection that needs none.
pub(super) struct NoStatements;

impl Statements for NoStatements {
    async fn prepare(_: &Client) -> Result<Self, Error> {
        Ok(Self)
    }
}
