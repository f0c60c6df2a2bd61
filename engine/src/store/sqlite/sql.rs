//! Every statement of the SQLite store, by name.

pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";
/// Moves the log into the database and empties it, as far as readers allow.
pub(super) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Writes what is there already: a commit that changes nothing.
pub(super) const PROBE: &str = "PRAGMA application_id = 1196179795";
/// Looks for damage, and stops at the first.
pub(super) const QUICK_CHECK: &str = "PRAGMA quick_check(1)";
/// Looks for all damage, and for what indexes and tables do not agree on.
pub(super) const INTEGRITY_CHECK: &str = "PRAGMA integrity_check(20)";
/// Writes the database as it is to the empty file ?1.
pub(super) const COPY_INTO: &str = "VACUUM INTO ?1";
pub(super) const COUNT_TASKS: &str = "SELECT count(*) FROM tasks";
/// How many of the kept counts are not those of the tasks themselves.
pub(super) const MISCOUNTED: &str = "\
    SELECT count(*) FROM ( \
        SELECT queue, kind, state, sum(tasks) AS off FROM ( \
            SELECT queue, kind, state, tasks FROM counts \
            UNION ALL SELECT queue, kind, state, -count(*) FROM tasks GROUP BY queue, kind, state) \
        GROUP BY queue, kind, state) \
    WHERE off <> 0";
/// Bytes of the database that hold nothing any more.
pub(super) const FREE_BYTES: &str =
    "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size";

/// Waits for the disk at each commit.
pub(super) const SYNC_FULL: &str = "PRAGMA synchronous = FULL";
/// Safe against a killed process; a power cut may lose the latest commits.
pub(super) const SYNC_NORMAL: &str = "PRAGMA synchronous = NORMAL";

pub(super) const INSERT_TASK: &str = "\
    INSERT INTO tasks (id, kind, queue, state, priority, attempt, max_attempts, forgiven, \
        timeout_ms, run_at, created_at, started_at, lease_expires_at, cancel_requested, last_seq, \
        node, unique_key, schedule_id, wait_ms) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9, ?10, ?11, ?12, 0, ?13, ?14, ?15, ?16, ?17)";
pub(super) const INSERT_BODY: &str = "\
    INSERT INTO bodies (row, payload, tags, retry, traceparent, submitted_by) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
pub(super) const INSERT_EVENT: &str =
    "INSERT INTO events (row, seq, attempt, at, body) VALUES (?1, ?2, ?3, ?4, ?5)";
/// What is missing of a log. Changes of state are kept: their bodies begin with their type.
pub(super) const DELETE_ENTRIES: &str = "\
    DELETE FROM events \
    WHERE row = ?1 AND seq >= ?2 AND seq < ?3 AND body NOT GLOB '{\"type\":\"state\"*'";
pub(super) const MARK_GAP: &str = "UPDATE events SET body = ?3 WHERE row = ?1 AND seq = ?2";
pub(super) const INSERT_FAILURE: &str = "\
    INSERT INTO failures (row, attempt, at, ran_ms, message) VALUES (?1, ?2, ?3, ?4, ?5)";
/// Leaves the first failure and the latest.
pub(super) const THIN_FAILURES: &str = "\
    DELETE FROM failures WHERE row = ?1 \
        AND attempt > (SELECT min(attempt) FROM failures WHERE row = ?1) \
        AND attempt <= (SELECT attempt FROM failures WHERE row = ?1 \
            ORDER BY attempt DESC LIMIT 1 OFFSET ?2)";
pub(super) const SAVE_RESULT: &str = "INSERT OR REPLACE INTO results (row, result) VALUES (?1, ?2)";

pub(super) const UNFINISHED_BY_KEY: &str =
    "SELECT id FROM tasks WHERE unique_key = ?1 AND finished_at IS NULL";

pub(super) const KEY_HOLDER: &str = "\
    SELECT other.id FROM tasks t JOIN tasks other ON other.unique_key = t.unique_key \
    WHERE t.id = ?1 AND other.finished_at IS NULL AND other.row <> t.row";

/// A statement that reads what `rows::head` takes, its priority and its node.
macro_rules! heads {
    ($rest:literal) => {
        concat!(
            "SELECT row, id, kind, queue, state, attempt, max_attempts, forgiven, run_at, \
                started_at, finished_at, lease_expires_at, cancel_requested, last_seq, \
                log, timeout_ms, created_at, wait_ms, priority, node \
            FROM tasks WHERE ",
            $rest
        )
    };
}

pub(super) const HEAD_BY_ID: &str = heads!("id = ?1");
pub(super) const HEAD_BY_ROW: &str = heads!("row = ?1");
pub(super) const HEADS_DUE: &str =
    heads!("state IN (0, 3) AND run_at <= ?1 ORDER BY run_at LIMIT ?2");
pub(super) const HEADS_QUEUED: &str =
    heads!("state = 1 AND queue = ?1 AND kind = ?2 ORDER BY priority, run_at, row LIMIT ?3");
/// Those that no remote worker makes.
pub(super) const HEADS_EXPIRED: &str = heads!(
    "state = 2 AND lease_expires_at < ?1 AND NOT EXISTS \
        (SELECT 1 FROM remote r WHERE r.row = tasks.row AND r.attempt = tasks.attempt) \
    ORDER BY lease_expires_at LIMIT ?2"
);
/// Those that would wait longer than they were to.
pub(super) const HEADS_MISSET: &str = heads!(
    "state IN (0, 3) AND wait_ms IS NOT NULL AND run_at - wait_ms > ?1 \
        ORDER BY run_at - wait_ms, row LIMIT ?2"
);

pub(super) const BODY_BY_ROW: &str =
    "SELECT payload, retry, traceparent FROM bodies WHERE row = ?1";
pub(super) const NEXT_DUE: &str = "SELECT min(run_at) FROM tasks WHERE state IN (0, 3)";

pub(super) const SAVE_HEAD: &str = "\
    UPDATE tasks SET state = ?2, forgiven = ?3, run_at = ?4, finished_at = ?5, \
        lease_expires_at = ?6, cancel_requested = ?7, last_seq = ?8, log = ?9, wait_ms = ?10, \
        failures = failures + ?11 \
    WHERE row = ?1";
pub(super) const SAVE_CLAIM: &str = "\
    UPDATE tasks SET state = ?2, attempt = ?3, started_at = ?4, lease_expires_at = ?5, \
        last_seq = ?6, node = ?7, progress_fraction = NULL, progress_message = NULL \
    WHERE row = ?1";
pub(super) const SAVE_LOG: &str = "UPDATE tasks SET last_seq = ?2, log = ?3 WHERE row = ?1";
pub(super) const SAVE_PROGRESS: &str =
    "UPDATE tasks SET progress_fraction = ?2, progress_message = ?3 WHERE row = ?1";

pub(super) const RENEW_LEASE: &str = "UPDATE tasks SET lease_expires_at = ?2 WHERE row = ?1";

pub(super) const REMOTE_BY_ROW: &str = "\
    SELECT attempt, request, salt, lease, lease_ms, output_bytes, timeout_ms, limit_at, ends_at, \
        retry, ended \
    FROM remote WHERE row = ?1";
pub(super) const REMOTE_BY_REQUEST: &str =
    "SELECT row FROM remote WHERE request = ?1 AND due_at IS NOT NULL";
pub(super) const REMOTE_DUE: &str =
    "SELECT row FROM remote WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";
pub(super) const NEXT_REMOTE_END: &str = "SELECT min(due_at) FROM remote WHERE due_at IS NOT NULL";
pub(super) const SAVE_REMOTE: &str = "\
    INSERT OR REPLACE INTO remote (row, attempt, request, salt, lease, lease_ms, output_bytes, \
        timeout_ms, limit_at, ends_at, retry, ended, due_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
pub(super) const DELETE_REMOTE: &str = "DELETE FROM remote WHERE row = ?1";

pub(super) const ALL_KINDS: &str =
    "SELECT kind, schema, description, worker, offered_at FROM kinds ORDER BY kind";
pub(super) const KIND_EXISTS: &str = "SELECT 1 FROM kinds WHERE kind = ?1";
pub(super) const COUNT_KINDS: &str = "SELECT count(*) FROM kinds";
pub(super) const SAVE_KIND: &str = "\
    INSERT OR REPLACE INTO kinds (kind, schema, description, worker, offered_at) \
    VALUES (?1, ?2, ?3, ?4, ?5)";
pub(super) const QUEUED_BY_KIND: &str = "\
    SELECT kind, sum(tasks) FROM counts WHERE state = 1 GROUP BY kind HAVING sum(tasks) > 0";

pub(super) const OLDEST_FINISHED: &str = "\
    SELECT row, id, queue, kind FROM tasks \
    WHERE state = ?1 AND finished_at < ?2 ORDER BY finished_at LIMIT ?3";
pub(super) const DELETE_TASK: &str = "DELETE FROM tasks WHERE row = ?1";
pub(super) const DELETE_BODY: &str = "DELETE FROM bodies WHERE row = ?1";
pub(super) const DELETE_RESULT: &str = "DELETE FROM results WHERE row = ?1";
pub(super) const DELETE_FAILURES: &str = "DELETE FROM failures WHERE row = ?1";
pub(super) const DELETE_EVENTS: &str = "DELETE FROM events WHERE row = ?1";

pub(super) const REQUEST_BY_KEY: &str = "\
    SELECT fingerprint, tasks FROM requests WHERE key = ?1";
pub(super) const SAVE_REQUEST: &str = "\
    INSERT INTO requests (key, fingerprint, tasks, accepted_at) VALUES (?1, ?2, ?3, ?4)";
pub(super) const PRUNE_REQUESTS: &str = "\
    DELETE FROM requests WHERE key IN \
        (SELECT key FROM requests WHERE accepted_at < ?1 ORDER BY accepted_at, key LIMIT ?2)";

pub(super) const KEY_BY_NAME: &str = "SELECT 1 FROM keys WHERE name = ?1";
pub(super) const INSERT_KEY: &str = "\
    INSERT INTO keys (id, hash, name, scope, kinds, queues, created_at, expires_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
pub(super) const DELETE_KEY: &str = "DELETE FROM keys WHERE id = ?1 RETURNING name";
pub(super) const USE_KEY: &str = "UPDATE keys SET last_used_at = ?2 WHERE id = ?1";
pub(super) const ALL_KEYS: &str = "\
    SELECT id, hash, name, scope, kinds, queues, created_at, expires_at, last_used_at \
    FROM keys ORDER BY created_at, id";

pub(super) const INSERT_SESSION: &str = "\
    INSERT INTO sessions (id, hash, key_id, created_at, expires_at, last_used_at, address, \
        user_agent) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?4, ?6, ?7)";
pub(super) const DELETE_SESSION: &str = "DELETE FROM sessions WHERE id = ?1";
pub(super) const DELETE_SESSIONS_OF_KEY: &str = "DELETE FROM sessions WHERE key_id = ?1";
pub(super) const USE_SESSION: &str = "UPDATE sessions SET last_used_at = ?2 WHERE id = ?1";
pub(super) const ALL_SESSIONS: &str = "\
    SELECT id, hash, key_id, created_at, expires_at, last_used_at, address, user_agent \
    FROM sessions ORDER BY created_at, id";
/// There are so few that they are looked through.
pub(super) const PRUNE_SESSIONS: &str = "\
    DELETE FROM sessions WHERE id IN \
        (SELECT id FROM sessions WHERE last_used_at < ?1 OR expires_at <= ?2 LIMIT ?3)";

pub(super) const INSERT_AUDIT: &str = "\
    INSERT INTO audit (at, actor_kind, actor_id, actor, address, action, target, tasks, detail) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
pub(super) const PRUNE_AUDIT: &str = "\
    DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ?1 ORDER BY at, id LIMIT ?2)";
pub(super) const AUDIT_COLUMNS: &str =
    "id, at, actor_kind, actor_id, actor, address, action, target, tasks, detail";

pub(super) const ALL_COUNTS: &str = "SELECT queue, kind, state, tasks FROM counts";
pub(super) const ADD_COUNT: &str = "\
    INSERT INTO counts (queue, kind, state, tasks) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT (queue, kind, state) DO UPDATE SET tasks = tasks + excluded.tasks";
/// A queue with nothing in a state leaves no trace, so that names which nobody uses are free.
pub(super) const DROP_EMPTY_COUNTS: &str = "DELETE FROM counts WHERE tasks = 0";
pub(super) const COUNTS_BY_STATE: &str = "SELECT state, sum(tasks) FROM counts GROUP BY state";

/// The head of the index for each queue and kind that has queued tasks, and each priority.
pub(super) const OLDEST_QUEUED: &str = "\
    WITH priorities (priority) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) \
    SELECT min((SELECT t.run_at FROM tasks t \
        WHERE t.state = 1 AND t.queue = c.queue AND t.kind = c.kind AND t.priority = p.priority \
        ORDER BY t.run_at LIMIT 1)) \
    FROM counts c, priorities p WHERE c.state = 1";

pub(super) const ALL_QUEUES: &str = "\
    SELECT name, paused, concurrency, max_running, rate_tasks, rate_per_ms, pace, paused_until \
    FROM queues";
pub(super) const SAVE_QUEUE: &str = "\
    INSERT OR REPLACE INTO queues \
        (name, paused, concurrency, max_running, rate_tasks, rate_per_ms, pace, paused_until) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
pub(super) const SAVE_PACE: &str = "UPDATE queues SET pace = ?2 WHERE name = ?1";

pub(super) const ALL_SCHEDULES: &str = "\
    SELECT id, cron, time_zone, task, run_missed, paused, created_at, last_fired_at, \
        next_fire_at, error \
    FROM schedules ORDER BY created_at, id";
pub(super) const SCHEDULE_TASKS: &str = "\
    SELECT id FROM tasks INDEXED BY tasks_of_schedule \
    WHERE schedule_id = ?1 ORDER BY id DESC LIMIT ?2";
pub(super) const SAVE_SCHEDULE: &str = "\
    INSERT OR REPLACE INTO schedules (id, cron, time_zone, task, run_missed, paused, created_at, \
        last_fired_at, next_fire_at, error) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
pub(super) const DELETE_SCHEDULE: &str = "DELETE FROM schedules WHERE id = ?1";
/// Takes the moment ?2, unless another firing has taken it.
pub(super) const RESCHEDULE: &str = "\
    UPDATE schedules SET next_fire_at = ?3 WHERE id = ?1 AND next_fire_at = ?2 AND NOT paused";
pub(super) const MOVE_SCHEDULE: &str = "\
    UPDATE schedules SET last_fired_at = ?2, next_fire_at = ?3, error = ?4 \
    WHERE id = ?1 AND next_fire_at = ?2 AND NOT paused";

/// What a list shows of a task, and its latest failure.
pub(super) const SUMMARY_COLUMNS: &str = "\
    t.row, t.id, t.kind, t.queue, t.state, t.attempt, t.max_attempts, t.run_at, t.created_at, \
    t.started_at, t.finished_at, t.progress_fraction, t.progress_message, t.cancel_requested, \
    t.last_seq, b.tags, f.attempt, f.at, f.ran_ms, f.message, t.priority, t.timeout_ms, \
    t.unique_key, t.schedule_id, t.node, b.submitted_by, substr(b.payload, 1, 401), \
    t.forgiven";
/// The rest of a task.
pub(super) const TASK_COLUMNS: &str = "b.payload, r.result, b.traceparent, t.failures";
pub(super) const SUMMARY_TABLES: &str = "\
    tasks t JOIN bodies b ON b.row = t.row \
    LEFT JOIN failures f ON f.row = t.row \
        AND f.attempt = (SELECT max(attempt) FROM failures WHERE row = t.row)";
pub(super) const RESULT_TABLE: &str = "LEFT JOIN results r ON r.row = t.row";

/// The failures that are kept, oldest first.
pub(super) const FAILURES: &str = "\
    SELECT attempt, at, ran_ms, message FROM failures WHERE row = ?1 ORDER BY attempt";

/// The streams of lists: the ids between two, of all tasks, of a kind, queue and state, and of a tag
/// with these. Which index answers is said outright, since SQLite knows nothing of how many tasks
/// there are; a condition that repeats an index's own lets it serve.
pub(super) const NEWEST_OF_ALL: &str =
    "SELECT id, row FROM tasks WHERE id > ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
pub(super) const OLDEST_OF_ALL: &str =
    "SELECT id, row FROM tasks WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3";
pub(super) const NEWEST_LISTED: &str = "\
    SELECT id, row FROM tasks INDEXED BY tasks_listed \
    WHERE state <> 2 AND kind = ?2 AND queue = ?3 AND state = ?4 AND id > ?5 AND id < ?6 \
    ORDER BY id DESC LIMIT ?7";
pub(super) const OLDEST_LISTED: &str = "\
    SELECT id, row FROM tasks INDEXED BY tasks_listed \
    WHERE state <> 2 AND kind = ?2 AND queue = ?3 AND state = ?4 AND id > ?5 AND id < ?6 \
    ORDER BY id LIMIT ?7";
pub(super) const NEWEST_TAGGED: &str = "\
    SELECT id, row FROM tags \
    WHERE tag = ?1 AND kind = ?2 AND queue = ?3 AND state = ?4 AND id > ?5 AND id < ?6 \
    ORDER BY id DESC LIMIT ?7";
pub(super) const OLDEST_TAGGED: &str = "\
    SELECT id, row FROM tags \
    WHERE tag = ?1 AND kind = ?2 AND queue = ?3 AND state = ?4 AND id > ?5 AND id < ?6 \
    ORDER BY id LIMIT ?7";

/// How many of a stream, but no more than ?7.
pub(super) const COUNT_LISTED: &str = "\
    SELECT count(*) FROM (SELECT 1 FROM tasks INDEXED BY tasks_listed \
        WHERE state <> 2 AND kind = ?2 AND queue = ?3 AND state = ?4 AND id > ?5 AND id < ?6 \
        LIMIT ?7)";
pub(super) const COUNT_TAGGED: &str = "\
    SELECT count(*) FROM (SELECT 1 FROM tags \
        WHERE tag = ?1 AND kind = ?2 AND queue = ?3 AND state = ?4 AND id > ?5 AND id < ?6 \
        LIMIT ?7)";

/// The streams that are not empty, of some or all kinds and queues.
pub(super) const STREAMS: &str = "\
    SELECT kind, queue, state, tasks FROM counts \
    WHERE tasks > 0 AND (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR queue = ?2)";
pub(super) const RUNNING: &str = "\
    SELECT id, row, kind, queue FROM tasks INDEXED BY tasks_running \
    WHERE state = 2 AND (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR queue = ?2)";

/// What a search looks at.
pub(super) const TEXTS: &str = "\
    SELECT t.kind, b.tags, b.payload, t.attempt FROM tasks t JOIN bodies b ON b.row = t.row \
    WHERE t.row = ?1";
pub(super) const MESSAGES: &str = "SELECT message FROM failures WHERE row = ?1";
pub(super) const ROW_BY_ID: &str = "SELECT row FROM tasks WHERE id = ?1";

pub(super) const TASK_POSITION: &str = "SELECT row, state, last_seq FROM tasks WHERE id = ?1";
pub(super) const EVENTS_AFTER: &str = "\
    SELECT seq, attempt, at, body FROM events WHERE row = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";

/// Every column of every table, the ones of SQLite itself apart.
pub(super) const ALL_COLUMNS: &str = "\
    SELECT m.name, c.name FROM sqlite_schema m, pragma_table_xinfo(m.name) c \
    WHERE m.type = 'table' AND m.name NOT GLOB 'sqlite_*'";
/// Made when an import begins, and gone when it has ended: one row, with how far it has come.
pub(super) const MAKE_IMPORT: &str = "CREATE TABLE import (progress TEXT NOT NULL) STRICT";
pub(super) const BEGIN_IMPORT: &str = "INSERT INTO import (progress) VALUES (?1)";
pub(super) const IMPORT_PROGRESS: &str = "SELECT progress FROM import";
pub(super) const MOVE_IMPORT: &str = "UPDATE import SET progress = ?2 WHERE progress = ?1";
pub(super) const END_IMPORT: &str = "DROP TABLE import";
pub(super) const RECOUNT: &str = "\
    INSERT INTO counts (queue, kind, state, tasks) \
    SELECT queue, kind, state, count(*) FROM tasks GROUP BY queue, kind, state";
pub(super) const TASK_WITHOUT_BODY: &str = "\
    SELECT id FROM tasks t WHERE NOT EXISTS (SELECT 1 FROM bodies b WHERE b.row = t.row) LIMIT 1";
