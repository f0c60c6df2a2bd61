//! Every statement of the PostgreSQL store, by name.
//!
//! What is many comes as arrays, one for each column, so that a batch is a few statements however
//! many tasks it is about.

/// What every connection is set to. `search_path` also keeps objects of others from being taken for
/// these; without compilation just in time, which costs more than these statements do.
pub(super) const SESSION: &str = "\
    SET search_path TO glassworks, pg_catalog; \
    SET client_min_messages TO warning; \
    SET default_transaction_isolation TO 'read committed'; \
    SET idle_in_transaction_session_timeout TO '30s'; \
    SET jit TO off";
/// What the writer's connection is set to beside. Every statement of it is answered by an index
/// (counts and queues apart, which are few), also when the planner has not seen yet how much the
/// tables have grown.
pub(super) const SESSION_OF_WRITER: &str = "\
    SET lock_timeout TO '5s'; SET statement_timeout TO '20s'; \
    SET enable_seqscan TO off; SET enable_hashjoin TO off; SET enable_mergejoin TO off; \
    SELECT set_config('synchronous_commit', 'on', false) \
        WHERE current_setting('synchronous_commit') = 'off'";
/// What the connection is set to that folds counts. Nobody relies on when that reaches the disk.
pub(super) const SESSION_OF_HOUSEKEEPING: &str = "\
    SET statement_timeout TO '10s'; SET synchronous_commit TO off";
/// What the connection is set to by which everything is moved: whoever takes it may take long.
pub(super) const SESSION_OF_WHOLE: &str = "SET idle_in_transaction_session_timeout TO 0";
/// As for the writer, with a time limit in milliseconds.
pub(super) const SESSION_OF_READER: &str = "\
    SET default_transaction_read_only TO on; SET enable_hashjoin TO off; \
    SET enable_mergejoin TO off; SET statement_timeout TO ";

pub(super) const BEGIN: &str = "BEGIN";
/// A lost claim or progress report only means that an attempt is made again.
pub(super) const BEGIN_LAZILY: &str = "BEGIN; SET LOCAL synchronous_commit TO off";
pub(super) const COMMIT: &str = "COMMIT";
pub(super) const ROLLBACK: &str = "ROLLBACK";
/// Several questions that see one moment.
pub(super) const BEGIN_READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What is known of a server before anything is asked of it.
pub(super) const SERVER: &str = "\
    SELECT current_setting('server_version_num')::int, current_setting('server_version'), \
        pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean, \
        pg_backend_pid(), current_setting('server_encoding')";
/// The lock that is held by whoever migrates: the bytes of \"GLASWORK\".
pub(super) const LOCK_SCHEMA: &str = "SELECT pg_advisory_lock(5137748434083041867)";
pub(super) const UNLOCK_SCHEMA: &str = "SELECT pg_advisory_unlock(5137748434083041867)";
pub(super) const HAS_VERSIONS: &str = "SELECT to_regclass('glassworks.migrations') IS NOT NULL, to_regnamespace('glassworks') IS NOT NULL";
pub(super) const MAKE_VERSIONS: &str = "\
    CREATE SCHEMA IF NOT EXISTS glassworks; \
    CREATE TABLE IF NOT EXISTS glassworks.migrations \
        (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())";
/// What the schema has in it, whoever made it.
pub(super) const THINGS: &str =
    "SELECT count(*) FROM pg_class WHERE relnamespace = 'glassworks'::regnamespace";
pub(super) const VERSION: &str = "SELECT max(version) FROM migrations";
pub(super) const ADD_VERSION: &str = "INSERT INTO migrations (version) VALUES ($1)";

/// What came of a transaction, by its number.
pub(super) const CAME_OF: &str = "SELECT pg_xact_status($1::text::xid8)";
/// A transaction that has a number waits for the disk when it ends.
pub(super) const PROBE: &str = "SELECT pg_current_xact_id()::text";
pub(super) const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
pub(super) const NOTIFY: &str = "SELECT pg_notify('glassworks', $1)";
pub(super) const LISTEN: &str = "LISTEN glassworks";

/// A statement that reads what `rows::head` takes.
macro_rules! heads {
    ($rest:literal) => {
        concat!(
            "SELECT id, kind, queue, state, attempt, max_attempts, forgiven, run_at, started_at, \
                finished_at, lease_expires_at, cancel_requested, last_seq, log, timeout_ms, \
                created_at, wait_ms, priority, node, unique_key, tagged \
            FROM tasks WHERE ",
            $rest
        )
    };
}

/// Locked in the order of their ids, so that two batches never wait for each other in a ring.
pub(super) const HEADS: &str = heads!("id = ANY ($1) ORDER BY id FOR UPDATE");
/// As `HEADS`, without what another transaction holds.
pub(super) const HEADS_FREE: &str = heads!("id = ANY ($1) ORDER BY id FOR UPDATE SKIP LOCKED");
pub(super) const HEADS_DUE: &str =
    heads!("state IN (0, 3) AND run_at <= $1 ORDER BY run_at, id LIMIT $2 FOR UPDATE SKIP LOCKED");
/// Those that would wait longer than they were to.
pub(super) const HEADS_MISSET: &str = heads!(
    "state IN (0, 3) AND wait_ms IS NOT NULL AND run_at - wait_ms > $1 \
        ORDER BY run_at - wait_ms, id LIMIT $2 FOR UPDATE SKIP LOCKED"
);
/// Those that no remote worker makes. Running tasks are few: they are looked through.
pub(super) const HEADS_EXPIRED: &str = heads!(
    "state = 2 AND lease_expires_at < $1 AND NOT EXISTS \
            (SELECT 1 FROM remote r WHERE r.task = tasks.id AND r.attempt = tasks.attempt) \
        ORDER BY lease_expires_at, id LIMIT $2 FOR UPDATE OF tasks SKIP LOCKED"
);
pub(super) const HEADS_FINISHED: &str = heads!(
    "state = $1 AND finished_at IS NOT NULL AND finished_at < $2 \
        ORDER BY finished_at, id LIMIT $3 FOR UPDATE SKIP LOCKED"
);
/// The first of each queue and kind, as many as are wanted of it. What another node is about to
/// take is passed over.
pub(super) const HEADS_QUEUED: &str = "\
    SELECT t.* FROM unnest($1::text[], $2::text[], $3::bigint[]) AS lane (queue, kind, wanted), \
    LATERAL (SELECT id, kind, queue, state, attempt, max_attempts, forgiven, run_at, started_at, \
            finished_at, lease_expires_at, cancel_requested, last_seq, log, timeout_ms, \
            created_at, wait_ms, priority, node, unique_key, tagged \
        FROM tasks WHERE state = 1 AND queue = lane.queue AND kind = lane.kind \
        ORDER BY priority, run_at, id LIMIT lane.wanted FOR UPDATE SKIP LOCKED) t";

pub(super) const NEXT_DUE: &str = "SELECT min(run_at) FROM tasks WHERE state IN (0, 3)";
/// Of the tasks in $1, in that order, until there are payloads of $2 bytes.
pub(super) const BODIES: &str = "\
    SELECT task, payload, retry, traceparent FROM ( \
        SELECT b.task, b.payload, b.retry, b.traceparent, \
            sum(octet_length(b.payload)) OVER (ORDER BY asked.place) \
                - octet_length(b.payload) AS before \
        FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (id, place) \
            JOIN bodies b ON b.task = asked.id \
    ) whole WHERE before < $2::bigint";

/// The heads of the tasks that a worker's request $1 has claimed and still makes, each with the
/// remote attempt.
pub(super) const HEADS_REQUESTED: &str = "\
    SELECT t.id, kind, queue, state, t.attempt, max_attempts, forgiven, run_at, started_at, \
        finished_at, lease_expires_at, cancel_requested, last_seq, log, t.timeout_ms, \
        created_at, wait_ms, priority, node, unique_key, tagged, \
        r.attempt, request, salt, lease, lease_ms, output_bytes, r.timeout_ms, limit_at, ends_at, \
        retry, ended \
    FROM remote r JOIN tasks t ON t.id = r.task \
    WHERE request = $1 AND due_at IS NOT NULL AND state = 2 AND r.attempt = t.attempt \
    ORDER BY t.id";
/// To be asked after the heads are locked.
pub(super) const REMOTES: &str = "\
    SELECT task, attempt, request, salt, lease, lease_ms, output_bytes, timeout_ms, limit_at, \
        ends_at, retry, ended \
    FROM remote WHERE task = ANY ($1)";
pub(super) const REMOTE_DUE: &str =
    "SELECT task FROM remote WHERE due_at <= $1 ORDER BY due_at, task LIMIT $2";
/// With the moment of the clock that it is a moment of.
pub(super) const NEXT_REMOTE_END: &str = "\
    SELECT (SELECT min(due_at) FROM remote WHERE due_at IS NOT NULL), \
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
pub(super) const SAVE_REMOTES: &str = "\
    INSERT INTO remote (task, attempt, request, salt, lease, lease_ms, output_bytes, timeout_ms, \
        limit_at, ends_at, retry, ended, due_at) \
    SELECT * FROM unnest($1::uuid[], $2::int4[], $3::bytea[], $4::bytea[], $5::bytea[], \
        $6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::int8[], $11::text[], $12::bool[], \
        $13::int8[]) \
    ON CONFLICT (task) DO UPDATE SET attempt = excluded.attempt, request = excluded.request, \
        salt = excluded.salt, lease = excluded.lease, lease_ms = excluded.lease_ms, \
        output_bytes = excluded.output_bytes, timeout_ms = excluded.timeout_ms, \
        limit_at = excluded.limit_at, ends_at = excluded.ends_at, retry = excluded.retry, \
        ended = excluded.ended, due_at = excluded.due_at";
pub(super) const DELETE_REMOTES: &str = "DELETE FROM remote WHERE task = ANY ($1)";

pub(super) const KINDS: &str =
    "SELECT kind, schema, description, worker, offered_at FROM kinds ORDER BY kind";
pub(super) const NAMES_OF_KINDS: &str = "SELECT kind FROM kinds";
pub(super) const SAVE_KINDS: &str = "\
    INSERT INTO kinds (kind, schema, description, worker, offered_at) \
    SELECT kind, schema, description, worker, $5::bigint \
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) \
        AS new (kind, schema, description, worker) \
    ON CONFLICT (kind) DO UPDATE SET schema = excluded.schema, \
        description = excluded.description, worker = excluded.worker, \
        offered_at = excluded.offered_at";
pub(super) const QUEUED_BY_KIND: &str = "\
    SELECT kind, sum(tasks)::bigint FROM counts WHERE state = 1 \
    GROUP BY kind HAVING sum(tasks) > 0";

/// The unfinished tasks that have one of the keys, or the same key as one of the tasks.
pub(super) const KEYS: &str = "\
    SELECT unique_key, id FROM tasks \
    WHERE unique_key IS NOT NULL AND finished_at IS NULL AND unique_key = ANY ($1 || ARRAY( \
        SELECT unique_key FROM tasks WHERE id = ANY ($2) AND unique_key IS NOT NULL))";

pub(super) const INSERT_TASKS: &str = "\
    INSERT INTO tasks (id, kind, queue, state, priority, attempt, max_attempts, forgiven, \
        timeout_ms, run_at, wait_ms, created_at, started_at, finished_at, lease_expires_at, \
        cancel_requested, last_seq, log, failures, node, unique_key, schedule_id, tagged, \
        progress_fraction, progress_message) \
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int2[], $5::int2[], $6::int4[], \
        $7::int4[], $8::int4[], $9::int8[], $10::int8[], $11::int8[], $12::int8[], $13::int8[], \
        $14::int8[], $15::int8[], $16::bool[], $17::int8[], $18::text[], $19::int4[], \
        $20::text[], $21::text[], $22::uuid[], $23::bool[], $24::float8[], $25::text[])";
/// Tags come as JSON: an array cannot hold arrays of different lengths.
pub(super) const INSERT_BODIES: &str = "\
    INSERT INTO bodies (task, payload, tags, retry, traceparent, submitted_by) \
    SELECT id, payload, \
        CASE WHEN tags IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(tags::jsonb)) END, \
        retry, traceparent, submitted_by \
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) \
        AS new (id, payload, tags, retry, traceparent, submitted_by)";
pub(super) const INSERT_TAGS: &str = "\
    INSERT INTO tags (tag, kind, queue, state, task) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int2[], $5::uuid[]) \
    ON CONFLICT DO NOTHING";
pub(super) const MOVE_TAGS: &str = "\
    UPDATE tags SET state = moved.state \
    FROM unnest($1::uuid[], $2::int2[]) AS moved (task, state) WHERE tags.task = moved.task";
pub(super) const SAVE_HEADS: &str = "\
    UPDATE tasks SET state = new.state, attempt = new.attempt, forgiven = new.forgiven, \
        run_at = new.run_at, wait_ms = new.wait_ms, started_at = new.started_at, \
        finished_at = new.finished_at, lease_expires_at = new.lease_expires_at, \
        cancel_requested = new.cancel_requested, last_seq = new.last_seq, log = new.log, \
        failures = failures + new.failed, node = new.node, \
        progress_fraction = CASE WHEN new.progressed THEN new.fraction ELSE progress_fraction END, \
        progress_message = CASE WHEN new.progressed THEN new.message ELSE progress_message END \
    FROM unnest($1::uuid[], $2::int2[], $3::int4[], $4::int4[], $5::int8[], $6::int8[], \
        $7::int8[], $8::int8[], $9::int8[], $10::bool[], $11::int8[], $12::text[], $13::int4[], \
        $14::text[], $15::bool[], $16::float8[], $17::text[]) \
        AS new (id, state, attempt, forgiven, run_at, wait_ms, started_at, finished_at, \
            lease_expires_at, cancel_requested, last_seq, log, failed, node, progressed, \
            fraction, message) \
    WHERE tasks.id = new.id";
pub(super) const INSERT_EVENTS: &str = "\
    INSERT INTO events (task, seq, attempt, at, body) \
    SELECT * FROM unnest($1::uuid[], $2::int8[], $3::int4[], $4::int8[], $5::text[])";
/// What is missing of logs. Changes of state are kept: their bodies begin with their type.
pub(super) const DELETE_ENTRIES: &str = "\
    DELETE FROM events USING unnest($1::uuid[], $2::int8[], $3::int8[]) AS gone (task, first, mark) \
    WHERE events.task = gone.task AND seq >= gone.first AND seq < gone.mark \
        AND NOT starts_with(body, '{\"type\":\"state\"')";
pub(super) const MARK_GAPS: &str = "\
    UPDATE events SET body = gap.body \
    FROM unnest($1::uuid[], $2::int8[], $3::text[]) AS gap (task, mark, body) \
    WHERE events.task = gap.task AND seq = gap.mark";
pub(super) const INSERT_FAILURES: &str = "\
    INSERT INTO failures (task, attempt, at, ran_ms, message) \
    SELECT * FROM unnest($1::uuid[], $2::int4[], $3::int8[], $4::int8[], $5::text[])";
/// Leaves the first failure and the latest of each task.
pub(super) const THIN_FAILURES: &str = "\
    DELETE FROM failures USING unnest($1::uuid[]) AS many (task) \
    WHERE failures.task = many.task \
        AND attempt > (SELECT min(attempt) FROM failures f WHERE f.task = many.task) \
        AND attempt <= (SELECT attempt FROM failures f WHERE f.task = many.task \
            ORDER BY attempt DESC LIMIT 1 OFFSET $2)";
pub(super) const SAVE_RESULTS: &str = "\
    INSERT INTO results (task, result) SELECT * FROM unnest($1::uuid[], $2::text[]) \
    ON CONFLICT (task) DO UPDATE SET result = excluded.result";

pub(super) const DELETE_TASKS: &str = "DELETE FROM tasks WHERE id = ANY ($1)";
pub(super) const DELETE_BODIES: &str = "DELETE FROM bodies WHERE task = ANY ($1)";
pub(super) const DELETE_RESULTS: &str = "DELETE FROM results WHERE task = ANY ($1)";
pub(super) const DELETE_FAILURES: &str = "DELETE FROM failures WHERE task = ANY ($1)";
pub(super) const DELETE_EVENTS: &str = "DELETE FROM events WHERE task = ANY ($1)";
pub(super) const DELETE_TAGS: &str = "DELETE FROM tags WHERE task = ANY ($1)";

pub(super) const REQUESTS: &str =
    "SELECT key, fingerprint, tasks FROM requests WHERE key = ANY ($1)";
pub(super) const SAVE_REQUEST: &str = "\
    INSERT INTO requests (key, fingerprint, tasks, accepted_at) VALUES ($1, $2, $3, $4)";
pub(super) const PRUNE_REQUESTS: &str = "\
    DELETE FROM requests WHERE key IN (SELECT key FROM requests WHERE accepted_at < $1 \
        ORDER BY accepted_at, key LIMIT $2 FOR UPDATE SKIP LOCKED) \
    RETURNING key";

pub(super) const COUNTS: &str = "\
    SELECT queue, kind, state, sum(tasks)::bigint FROM counts \
    GROUP BY queue, kind, state HAVING sum(tasks) > 0";
pub(super) const COUNTS_BY_STATE: &str =
    "SELECT state, sum(tasks)::bigint FROM counts GROUP BY state";
pub(super) const ADD_COUNTS: &str = "\
    INSERT INTO counts (queue, kind, state, tasks) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::int2[], $4::int8[])";
/// One row for each queue, kind and state that has tasks. Two who fold at a time wait for each
/// other and find nothing left.
pub(super) const FOLD_COUNTS: &str = "\
    WITH gone AS (DELETE FROM counts RETURNING queue, kind, state, tasks) \
    INSERT INTO counts (queue, kind, state, tasks) \
    SELECT queue, kind, state, sum(tasks) FROM gone \
    GROUP BY queue, kind, state HAVING sum(tasks) <> 0";

pub(super) const QUEUES: &str = "\
    SELECT name, paused, concurrency, max_running, rate_tasks, rate_per_ms, pace, \
    paused_until FROM queues";
/// Whoever starts tasks of queues that are limited over all nodes waits here for who was before.
pub(super) const LOCK_QUEUES: &str = "\
    SELECT name, paused, concurrency, max_running, rate_tasks, rate_per_ms, pace, \
    paused_until FROM queues \
    WHERE name = ANY ($1) ORDER BY name FOR UPDATE";
/// How many tasks of each queue run, on all nodes and on one.
pub(super) const RUNNING_IN: &str = "\
    SELECT queue, count(*), count(*) FILTER (WHERE node = $2) FROM tasks \
    WHERE state = 2 AND queue = ANY ($1) GROUP BY queue";
pub(super) const SAVE_QUEUE: &str = "\
    INSERT INTO queues (name, paused, concurrency, max_running, rate_tasks, rate_per_ms, pace, \
        paused_until) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
    ON CONFLICT (name) DO UPDATE SET paused = excluded.paused, \
        concurrency = excluded.concurrency, max_running = excluded.max_running, \
        rate_tasks = excluded.rate_tasks, rate_per_ms = excluded.rate_per_ms, \
        pace = excluded.pace, paused_until = excluded.paused_until";
pub(super) const SAVE_PACES: &str = "\
    UPDATE queues SET pace = new.pace FROM unnest($1::text[], $2::int8[]) AS new (name, pace) \
    WHERE queues.name = new.name";

pub(super) const SCHEDULES: &str = "\
    SELECT id, cron, time_zone, task, run_missed, paused, created_at, last_fired_at, \
        next_fire_at, error \
    FROM schedules ORDER BY created_at, id";
pub(super) const SAVE_SCHEDULE: &str = "\
    INSERT INTO schedules (id, cron, time_zone, task, run_missed, paused, created_at, \
        last_fired_at, next_fire_at, error) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT (id) DO UPDATE SET cron = excluded.cron, time_zone = excluded.time_zone, \
        task = excluded.task, run_missed = excluded.run_missed, paused = excluded.paused, \
        created_at = excluded.created_at, last_fired_at = excluded.last_fired_at, \
        next_fire_at = excluded.next_fire_at, error = excluded.error";
pub(super) const SCHEDULE_TASKS: &str =
    "SELECT id FROM tasks WHERE schedule_id = $1 ORDER BY id DESC LIMIT $2";
pub(super) const DELETE_SCHEDULE: &str = "DELETE FROM schedules WHERE id = $1";
/// Takes the moment $2, unless another firing has taken it.
pub(super) const RESCHEDULE: &str = "\
    UPDATE schedules SET next_fire_at = $3 WHERE id = $1 AND next_fire_at = $2 AND NOT paused";
pub(super) const MOVE_SCHEDULE: &str = "\
    UPDATE schedules SET last_fired_at = $2, next_fire_at = $3, error = $4 \
    WHERE id = $1 AND next_fire_at = $2 AND NOT paused";

/// Nothing when another has its name, or when another node saves the same key at the same time.
pub(super) const INSERT_KEY: &str = "\
    INSERT INTO keys (id, hash, name, scope, kinds, queues, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
pub(super) const DELETE_KEY: &str = "DELETE FROM keys WHERE id = $1 RETURNING name";
pub(super) const ALL_KEYS: &str = "\
    SELECT id, hash, name, scope, kinds, queues, created_at, expires_at, last_used_at \
    FROM keys ORDER BY created_at, id";

/// Locked in the order of their ids: each node does this. None is moved back, as the one of several
/// nodes may know less than another.
macro_rules! used {
    ($table:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " one SET last_used_at = greatest(one.last_used_at, used.at) FROM ( \
                SELECT locked.id, new.at FROM unnest($1::uuid[], $2::int8[]) AS new (id, at) \
                    JOIN ",
            $table,
            " locked ON locked.id = new.id ORDER BY locked.id FOR UPDATE OF locked) used \
            WHERE one.id = used.id"
        )
    };
}
pub(super) const USE_KEYS: &str = used!("keys");
pub(super) const USE_SESSIONS: &str = used!("sessions");

pub(super) const INSERT_SESSION: &str = "\
    INSERT INTO sessions (id, hash, key_id, created_at, expires_at, last_used_at, address, \
        user_agent) \
    VALUES ($1, $2, $3, $4, $5, $4, $6, $7)";
pub(super) const DELETE_SESSION: &str = "DELETE FROM sessions WHERE id = $1";
pub(super) const DELETE_SESSIONS_OF_KEY: &str = "DELETE FROM sessions WHERE key_id = $1";
pub(super) const ALL_SESSIONS: &str = "\
    SELECT id, hash, key_id, created_at, expires_at, last_used_at, address, user_agent \
    FROM sessions ORDER BY created_at, id";
/// There are so few that they are looked through.
pub(super) const PRUNE_SESSIONS: &str = "\
    DELETE FROM sessions WHERE id IN \
        (SELECT id FROM sessions WHERE last_used_at < $1 OR expires_at <= $2 \
            ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED)";

/// In the order in which they come.
pub(super) const INSERT_AUDIT: &str = "\
    INSERT INTO audit (at, actor_kind, actor_id, actor, address, action, target, tasks, detail) \
    SELECT at, actor_kind, actor_id, actor, address, action, target, tasks, detail \
    FROM unnest($1::int8[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], \
        $7::text[], $8::int8[], $9::text[]) WITH ORDINALITY \
        AS new (at, actor_kind, actor_id, actor, address, action, target, tasks, detail, place) \
    ORDER BY place";
pub(super) const PRUNE_AUDIT: &str = "\
    DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at, id LIMIT $2 \
        FOR UPDATE SKIP LOCKED)";
pub(super) const AUDIT: &str = "\
    SELECT id, at, actor_kind, actor_id, actor, address, action, target, tasks, detail FROM audit";

/// What a list shows of the tasks in $1, in that order, with the latest failure of each.
pub(super) const SUMMARIES: &str = "\
    SELECT t.id, t.kind, t.queue, t.state, t.attempt, t.max_attempts, t.run_at, t.created_at, \
        t.started_at, t.finished_at, t.progress_fraction, t.progress_message, \
        t.cancel_requested, t.last_seq, b.tags, f.attempt, f.at, f.ran_ms, f.message, \
        t.priority, t.timeout_ms, t.unique_key, t.schedule_id, t.node, b.submitted_by, \
        left(b.payload, 401), t.forgiven \
    FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (id, place) \
        JOIN tasks t ON t.id = asked.id JOIN bodies b ON b.task = t.id \
        LEFT JOIN LATERAL (SELECT attempt, at, ran_ms, message FROM failures \
            WHERE task = t.id ORDER BY attempt DESC LIMIT 1) f ON true \
    ORDER BY asked.place";
/// The tasks in $1, in that order and whole, as far as $2 bytes go; the first in any case.
pub(super) const TASKS: &str = "\
    SELECT * FROM ( \
        SELECT t.id, t.kind, t.queue, t.state, t.attempt, t.max_attempts, t.run_at, \
            t.created_at, t.started_at, t.finished_at, t.progress_fraction, t.progress_message, \
            t.cancel_requested, t.last_seq, b.tags, f.attempt, f.at, f.ran_ms, f.message, \
            t.priority, t.timeout_ms, t.unique_key, t.schedule_id, t.node, b.submitted_by, \
            left(b.payload, 401) AS beginning, t.forgiven, b.payload, r.result, b.traceparent, t.failures, \
            all_f.attempts, all_f.ats, all_f.ran, all_f.messages, asked.place, \
            sum(octet_length(b.payload) + coalesce(octet_length(r.result), 0) \
                + coalesce(octet_length(f.message), 0) + coalesce(all_f.bytes, 0)) \
                OVER (ORDER BY asked.place) AS bytes, \
            row_number() OVER (ORDER BY asked.place) AS number \
        FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (id, place) \
            JOIN tasks t ON t.id = asked.id JOIN bodies b ON b.task = t.id \
            LEFT JOIN results r ON r.task = t.id \
            LEFT JOIN LATERAL (SELECT attempt, at, ran_ms, message FROM failures \
                WHERE task = t.id ORDER BY attempt DESC LIMIT 1) f ON true \
            LEFT JOIN LATERAL (SELECT array_agg(attempt ORDER BY attempt) AS attempts, \
                    array_agg(at ORDER BY attempt) AS ats, \
                    array_agg(ran_ms ORDER BY attempt) AS ran, \
                    array_agg(message ORDER BY attempt) AS messages, \
                    sum(octet_length(message)) AS bytes \
                FROM failures WHERE task = t.id) all_f ON true \
    ) whole WHERE bytes <= $2::bigint OR number = 1 ORDER BY place";

/// The nearest ids between $1 and $2, of all tasks.
pub(super) const NEWEST_OF_ALL: &str =
    "SELECT id FROM tasks WHERE id > $1 AND id < $2 ORDER BY id DESC LIMIT $3";
pub(super) const OLDEST_OF_ALL: &str =
    "SELECT id FROM tasks WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3";

/// The nearest ids between $1 and $2 of some kinds, queues and states, of those kinds and queues that
/// $7 and $8 let pass: from the stream of each of
/// them, no further than the page needs. Running tasks are few, and looked through.
macro_rules! listed {
    ($direction:literal) => {
        concat!(
            "WITH streams AS ( \
                SELECT kind, queue, state FROM counts \
                WHERE ($4::text IS NULL OR kind = $4) AND ($5::text IS NULL OR queue = $5) \
                    AND (cardinality($6::int2[]) = 0 OR state = ANY ($6)) \
                    AND (cardinality($7::text[]) = 0 OR kind = ANY ($7)) \
                    AND (cardinality($8::text[]) = 0 OR queue = ANY ($8)) \
                GROUP BY kind, queue, state HAVING sum(tasks) > 0) \
            SELECT id FROM ( \
                SELECT found.id FROM streams s, LATERAL ( \
                    SELECT t.id FROM tasks t \
                    WHERE t.state <> 2 AND t.kind = s.kind AND t.queue = s.queue \
                        AND t.state = s.state AND t.id > $1 AND t.id < $2 \
                    ORDER BY t.id ",
            $direction,
            " LIMIT $3) found WHERE s.state <> 2 \
                UNION ALL \
                SELECT id FROM tasks \
                WHERE state = 2 AND id > $1 AND id < $2 \
                    AND ($4::text IS NULL OR kind = $4) AND ($5::text IS NULL OR queue = $5) \
                    AND (cardinality($6::int2[]) = 0 OR 2 = ANY ($6)) \
                    AND (cardinality($7::text[]) = 0 OR kind = ANY ($7)) \
                    AND (cardinality($8::text[]) = 0 OR queue = ANY ($8)) \
            ) nearest ORDER BY id ",
            $direction,
            " LIMIT $3"
        )
    };
}
pub(super) const NEWEST_LISTED: &str = listed!("DESC");
pub(super) const OLDEST_LISTED: &str = listed!("ASC");

/// As `listed`, of the tag $9.
macro_rules! tagged {
    ($direction:literal) => {
        concat!(
            "WITH streams AS ( \
                SELECT kind, queue, state FROM counts \
                WHERE ($4::text IS NULL OR kind = $4) AND ($5::text IS NULL OR queue = $5) \
                    AND (cardinality($6::int2[]) = 0 OR state = ANY ($6)) \
                    AND (cardinality($7::text[]) = 0 OR kind = ANY ($7)) \
                    AND (cardinality($8::text[]) = 0 OR queue = ANY ($8)) \
                GROUP BY kind, queue, state HAVING sum(tasks) > 0) \
            SELECT found.task FROM streams s, LATERAL ( \
                SELECT t.task FROM tags t \
                WHERE t.tag = $9 AND t.kind = s.kind AND t.queue = s.queue \
                    AND t.state = s.state AND t.task > $1 AND t.task < $2 \
                ORDER BY t.task ",
            $direction,
            " LIMIT $3) found ORDER BY found.task ",
            $direction,
            " LIMIT $3"
        )
    };
}
pub(super) const NEWEST_TAGGED: &str = tagged!("DESC");
pub(super) const OLDEST_TAGGED: &str = tagged!("ASC");

/// How many tasks of some kinds, queues and states there are, by state.
pub(super) const COUNT_ALL: &str = "\
    SELECT state, sum(tasks)::bigint FROM counts \
    WHERE ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR queue = $2) \
        AND (cardinality($3::int2[]) = 0 OR state = ANY ($3)) \
        AND (cardinality($4::text[]) = 0 OR kind = ANY ($4)) \
        AND (cardinality($5::text[]) = 0 OR queue = ANY ($5)) \
    GROUP BY state HAVING sum(tasks) > 0";
/// The same between two ids, and no more than $3 of each stream.
pub(super) const COUNT_LISTED: &str = "\
    WITH streams AS ( \
        SELECT kind, queue, state FROM counts \
        WHERE ($4::text IS NULL OR kind = $4) AND ($5::text IS NULL OR queue = $5) \
            AND (cardinality($6::int2[]) = 0 OR state = ANY ($6)) \
            AND (cardinality($7::text[]) = 0 OR kind = ANY ($7)) \
            AND (cardinality($8::text[]) = 0 OR queue = ANY ($8)) \
        GROUP BY kind, queue, state HAVING sum(tasks) > 0) \
    SELECT state, sum(tasks)::bigint FROM ( \
        SELECT s.state, counted.tasks FROM streams s, LATERAL ( \
            SELECT count(*) AS tasks FROM ( \
                SELECT 1 FROM tasks t \
                WHERE t.state <> 2 AND t.kind = s.kind AND t.queue = s.queue \
                    AND t.state = s.state AND t.id > $1 AND t.id < $2 LIMIT $3) one) counted \
            WHERE s.state <> 2 \
        UNION ALL \
        SELECT state, 1 FROM tasks \
        WHERE state = 2 AND id > $1 AND id < $2 \
            AND ($4::text IS NULL OR kind = $4) AND ($5::text IS NULL OR queue = $5) \
            AND (cardinality($6::int2[]) = 0 OR 2 = ANY ($6)) \
            AND (cardinality($7::text[]) = 0 OR kind = ANY ($7)) \
            AND (cardinality($8::text[]) = 0 OR queue = ANY ($8)) \
    ) counted GROUP BY state";
/// The same of the tag $9.
pub(super) const COUNT_TAGGED: &str = "\
    WITH streams AS ( \
        SELECT kind, queue, state FROM counts \
        WHERE ($4::text IS NULL OR kind = $4) AND ($5::text IS NULL OR queue = $5) \
            AND (cardinality($6::int2[]) = 0 OR state = ANY ($6)) \
            AND (cardinality($7::text[]) = 0 OR kind = ANY ($7)) \
            AND (cardinality($8::text[]) = 0 OR queue = ANY ($8)) \
        GROUP BY kind, queue, state HAVING sum(tasks) > 0) \
    SELECT s.state, sum(counted.tasks)::bigint FROM streams s, LATERAL ( \
        SELECT count(*) AS tasks FROM ( \
            SELECT 1 FROM tags t \
            WHERE t.tag = $9 AND t.kind = s.kind AND t.queue = s.queue AND t.state = s.state \
                AND t.task > $1 AND t.task < $2 LIMIT $3) one) counted \
    GROUP BY s.state";

/// What a search looks at: of the tasks in $1, in that order, as far as $2 bytes go.
pub(super) const TEXTS: &str = "\
    SELECT id, kind, tags, payload, messages FROM ( \
        SELECT t.id, t.kind, b.tags, b.payload, f.messages, asked.place, \
            sum(octet_length(b.payload) + coalesce(f.bytes, 0)) \
                OVER (ORDER BY asked.place) AS bytes, \
            row_number() OVER (ORDER BY asked.place) AS number \
        FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (id, place) \
            JOIN tasks t ON t.id = asked.id JOIN bodies b ON b.task = t.id \
            LEFT JOIN LATERAL (SELECT array_agg(message) AS messages, \
                    sum(octet_length(message)) AS bytes \
                FROM failures WHERE task = t.id) f ON true \
    ) texts WHERE bytes <= $2::bigint OR number = 1 ORDER BY place";

pub(super) const TASK_POSITION: &str = "SELECT state, last_seq FROM tasks WHERE id = $1";
/// At most $3 events after $2, as far as $4 bytes go; the first in any case.
pub(super) const EVENTS_AFTER: &str = "\
    SELECT seq, attempt, at, body FROM ( \
        SELECT seq, attempt, at, body, sum(octet_length(body)) OVER (ORDER BY seq) AS bytes, \
            row_number() OVER (ORDER BY seq) AS number \
        FROM events WHERE task = $1 AND seq > $2 ORDER BY seq LIMIT $3 \
    ) page WHERE bytes <= $4::bigint OR number = 1 ORDER BY seq";

/// The head of the index for each queue and kind that has queued tasks, and each priority.
pub(super) const OLDEST_QUEUED: &str = "\
    SELECT min((SELECT t.run_at FROM tasks t \
        WHERE t.state = 1 AND t.queue = c.queue AND t.kind = c.kind AND t.priority = p.priority \
        ORDER BY t.run_at LIMIT 1)) \
    FROM (SELECT queue, kind FROM counts WHERE state = 1 GROUP BY queue, kind) c, \
        generate_series(0, 9) AS p (priority)";

/// A node is there, and was seen just now.
pub(super) const SAVE_NODE: &str = "\
    INSERT INTO nodes (id, name, version, started_at, workers, busy_workers, kinds, queues, \
        lag_ms, last_seen_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint) \
    ON CONFLICT (id) DO UPDATE SET busy_workers = excluded.busy_workers, \
        lag_ms = excluded.lag_ms, last_seen_at = excluded.last_seen_at";
pub(super) const DROP_NODES: &str = "\
    DELETE FROM nodes \
    WHERE last_seen_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1::bigint";
pub(super) const NODES: &str = "\
    SELECT id, name, version, started_at, last_seen_at, workers, busy_workers, kinds, queues, \
        lag_ms \
    FROM nodes ORDER BY name, id";

pub(super) const FIGURES: &str = "\
    SELECT (SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c \
            WHERE c.relnamespace = 'glassworks'::regnamespace AND c.relkind = 'r')::bigint";

/// Rows are read in the order of the keys of their tables, by the indexes of these: what is sorted
/// would have to be gathered first.
pub(super) const UNSORTED: &str = "SET LOCAL enable_sort TO off";
/// Every column of every table.
pub(super) const ALL_COLUMNS: &str = "\
    SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
    WHERE c.relnamespace = 'glassworks'::regnamespace AND c.relkind IN ('r', 'p') \
        AND a.attnum > 0 AND NOT a.attisdropped";
pub(super) const LATEST_NODE: &str = "\
    SELECT name, last_seen_at FROM nodes \
    WHERE last_seen_at >= (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1::bigint \
    ORDER BY last_seen_at DESC LIMIT 1";
pub(super) const HAS_IMPORT: &str = "SELECT to_regclass('glassworks.import') IS NOT NULL";
/// Made when an import begins, and gone when it has ended: one row, with how far it has come.
pub(super) const MAKE_IMPORT: &str = "CREATE TABLE import (progress text NOT NULL)";
pub(super) const BEGIN_IMPORT: &str = "INSERT INTO import (progress) VALUES ($1)";
pub(super) const IMPORT_PROGRESS: &str = "SELECT progress FROM import";
pub(super) const MOVE_IMPORT: &str = "UPDATE import SET progress = $2 WHERE progress = $1";
pub(super) const TASK_WITHOUT_BODY: &str = "\
    SELECT id FROM tasks t WHERE NOT EXISTS (SELECT 1 FROM bodies b WHERE b.task = t.id) LIMIT 1";
/// What follows from what was imported: tags, counts, and the number of the next entry of the audit
/// log.
pub(super) const FOLLOW_IMPORT: &str = "\
    INSERT INTO tags (tag, kind, queue, state, task) \
        SELECT DISTINCT unnest(b.tags), t.kind, t.queue, t.state, t.id \
        FROM bodies b JOIN tasks t ON t.id = b.task WHERE b.tags IS NOT NULL; \
    INSERT INTO counts (queue, kind, state, tasks) \
        SELECT queue, kind, state, count(*) FROM tasks GROUP BY queue, kind, state; \
    SELECT setval(pg_get_serial_sequence('audit', 'id'), max(id)) FROM audit \
        HAVING max(id) IS NOT NULL; \
    DROP TABLE import";
pub(super) const ANALYZE: &str = "\
    ANALYZE tasks; ANALYZE bodies; ANALYZE results; ANALYZE failures; ANALYZE events; \
    ANALYZE tags; ANALYZE counts; ANALYZE audit";
