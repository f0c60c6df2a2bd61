//! The writing connection's prepared statements.

use rusqlite::{Connection, Statement};

use super::sql;

/// Prepared once: looking a statement up by its text costs more than some of them do.
pub(super) struct Statements<'c> {
    pub(super) begin: Statement<'c>,
    pub(super) commit: Statement<'c>,
    pub(super) rollback: Statement<'c>,
    pub(super) insert_task: Statement<'c>,
    pub(super) insert_body: Statement<'c>,
    pub(super) insert_event: Statement<'c>,
    pub(super) insert_failure: Statement<'c>,
    pub(super) save_result: Statement<'c>,
    pub(super) unfinished_by_key: Statement<'c>,
    pub(super) key_holder: Statement<'c>,
    pub(super) head_by_id: Statement<'c>,
    pub(super) heads_due: Statement<'c>,
    pub(super) heads_queued: Statement<'c>,
    pub(super) heads_expired: Statement<'c>,
    pub(super) body_by_row: Statement<'c>,
    pub(super) next_due: Statement<'c>,
    pub(super) save_head: Statement<'c>,
    pub(super) save_claim: Statement<'c>,
    pub(super) save_log: Statement<'c>,
    pub(super) save_progress: Statement<'c>,
    pub(super) renew_leases: Statement<'c>,
    pub(super) oldest_finished: Statement<'c>,
    pub(super) deletes: [Statement<'c>; 5],
    pub(super) all_queues: Statement<'c>,
    pub(super) save_queue: Statement<'c>,
    pub(super) save_pace: Statement<'c>,
    pub(super) save_schedule: Statement<'c>,
    pub(super) delete_schedule: Statement<'c>,
    pub(super) move_schedule: Statement<'c>,
    pub(super) request_by_key: Statement<'c>,
    pub(super) save_request: Statement<'c>,
    pub(super) prune_requests: Statement<'c>,
    pub(super) all_counts: Statement<'c>,
    pub(super) add_count: Statement<'c>,
    pub(super) drop_empty_counts: Statement<'c>,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        let prepare = |text| connection.prepare(text);
        Ok(Self {
            begin: prepare(sql::BEGIN)?,
            commit: prepare(sql::COMMIT)?,
            rollback: prepare(sql::ROLLBACK)?,
            insert_task: prepare(sql::INSERT_TASK)?,
            insert_body: prepare(sql::INSERT_BODY)?,
            insert_event: prepare(sql::INSERT_EVENT)?,
            insert_failure: prepare(sql::INSERT_FAILURE)?,
            save_result: prepare(sql::SAVE_RESULT)?,
            unfinished_by_key: prepare(sql::UNFINISHED_BY_KEY)?,
            key_holder: prepare(sql::KEY_HOLDER)?,
            head_by_id: prepare(sql::HEAD_BY_ID)?,
            heads_due: prepare(sql::HEADS_DUE)?,
            heads_queued: prepare(sql::HEADS_QUEUED)?,
            heads_expired: prepare(sql::HEADS_EXPIRED)?,
            body_by_row: prepare(sql::BODY_BY_ROW)?,
            next_due: prepare(sql::NEXT_DUE)?,
            save_head: prepare(sql::SAVE_HEAD)?,
            save_claim: prepare(sql::SAVE_CLAIM)?,
            save_log: prepare(sql::SAVE_LOG)?,
            save_progress: prepare(sql::SAVE_PROGRESS)?,
            renew_leases: prepare(sql::RENEW_LEASES)?,
            oldest_finished: prepare(sql::OLDEST_FINISHED)?,
            deletes: [
                prepare(sql::DELETE_EVENTS)?,
                prepare(sql::DELETE_FAILURES)?,
                prepare(sql::DELETE_RESULT)?,
                prepare(sql::DELETE_BODY)?,
                prepare(sql::DELETE_TASK)?,
            ],
            all_queues: prepare(sql::ALL_QUEUES)?,
            save_queue: prepare(sql::SAVE_QUEUE)?,
            save_pace: prepare(sql::SAVE_PACE)?,
            save_schedule: prepare(sql::SAVE_SCHEDULE)?,
            delete_schedule: prepare(sql::DELETE_SCHEDULE)?,
            move_schedule: prepare(sql::MOVE_SCHEDULE)?,
            request_by_key: prepare(sql::REQUEST_BY_KEY)?,
            save_request: prepare(sql::SAVE_REQUEST)?,
            prune_requests: prepare(sql::PRUNE_REQUESTS)?,
            all_counts: prepare(sql::ALL_COUNTS)?,
            add_count: prepare(sql::ADD_COUNT)?,
            drop_empty_counts: prepare(sql::DROP_EMPTY_COUNTS)?,
        })
    }
}
