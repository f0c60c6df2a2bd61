-- Tasks, their logs, and how many there are. Moments are milliseconds since the Unix epoch.
-- States: 0 scheduled, 1 queued, 2 running, 3 retrying, 4 completed, 5 failed, 6 cancelled.
-- Texts that anybody writes have NUL and backslash escaped as \0 and \\: PostgreSQL keeps no NUL.

-- What changes while a task lives is apart from its payload and result, which can be large: an
-- update writes the whole row anew. The room that each page keeps takes the next version of a row,
-- so that what an attempt records and the renewal of leases touch no index (HOT).
CREATE TABLE tasks (
    id                uuid     PRIMARY KEY,
    created_at        bigint   NOT NULL,
    run_at            bigint   NOT NULL,
    wait_ms           bigint,
    started_at        bigint,
    finished_at       bigint,
    lease_expires_at  bigint,
    last_seq          bigint   NOT NULL,
    timeout_ms        bigint   NOT NULL,
    attempt           integer  NOT NULL,
    max_attempts      integer  NOT NULL,
    forgiven          integer  NOT NULL,
    failures          integer  NOT NULL,
    state             smallint NOT NULL,
    priority          smallint NOT NULL,
    cancel_requested  boolean  NOT NULL,
    tagged            boolean  NOT NULL,
    progress_fraction double precision,
    schedule_id       uuid,
    kind              text COLLATE "C" NOT NULL,
    queue             text COLLATE "C" NOT NULL,
    node              text,
    unique_key        text COLLATE "C",
    progress_message  text,
    -- What the running attempt's log has so far: a JSON list of numbers, as `store/log.rs` says.
    log               text
) WITH (
    fillfactor = 70,
    -- A queue is a table of which everything dies soon: what is dead is to be seen to by the
    -- number of rows that died, and not by a share of what is kept.
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_analyze_scale_factor = 0.05,
    autovacuum_analyze_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

-- Each index holds only the tasks that its question is about, so that claiming costs the same
-- beside a million scheduled or finished tasks.
CREATE INDEX tasks_queued ON tasks (queue, kind, priority, run_at, id) WHERE state = 1;
CREATE INDEX tasks_waiting ON tasks (run_at, id) WHERE state IN (0, 3);
CREATE INDEX tasks_waits ON tasks ((run_at - wait_ms), id)
    WHERE state IN (0, 3) AND wait_ms IS NOT NULL;
-- Without the lease: running tasks are few, and a renewal is to touch no index.
CREATE INDEX tasks_running ON tasks (queue, node) WHERE state = 2;
CREATE INDEX tasks_finished ON tasks (state, finished_at, id) WHERE finished_at IS NOT NULL;
CREATE UNIQUE INDEX tasks_unique_key ON tasks (unique_key)
    WHERE unique_key IS NOT NULL AND finished_at IS NULL;
-- One stream of ids for each kind, queue and state, for lists. A task that is claimed by the batch
-- which accepted it is entered here once, when it ends.
CREATE INDEX tasks_listed ON tasks (kind, queue, state, id) WHERE state <> 2;

CREATE TABLE bodies (
    task        uuid PRIMARY KEY,
    payload     text NOT NULL,
    tags        text[],
    retry       text,
    traceparent text
);

CREATE TABLE results (
    task   uuid PRIMARY KEY,
    result text NOT NULL
);

CREATE TABLE failures (
    task    uuid    NOT NULL,
    attempt integer NOT NULL,
    at      bigint  NOT NULL,
    ran_ms  bigint  NOT NULL,
    message text    NOT NULL,
    PRIMARY KEY (task, attempt)
);

CREATE TABLE events (
    task    uuid    NOT NULL,
    seq     bigint  NOT NULL,
    attempt integer NOT NULL,
    at      bigint  NOT NULL,
    body    text    NOT NULL,
    PRIMARY KEY (task, seq)
);

-- One stream of ids for each tag, as for tasks above.
CREATE TABLE tags (
    tag   text COLLATE "C" NOT NULL,
    kind  text COLLATE "C" NOT NULL,
    queue text COLLATE "C" NOT NULL,
    state smallint NOT NULL,
    task  uuid NOT NULL,
    PRIMARY KEY (task, tag)
);
CREATE INDEX tags_listed ON tags (tag, kind, queue, state, task);

-- How many tasks there are: the sum of the rows of a queue, kind and state. Each batch adds what it
-- has changed, so that no two wait for each other, and now and then the rows are folded into one.
CREATE TABLE counts (
    queue text COLLATE "C" NOT NULL,
    kind  text COLLATE "C" NOT NULL,
    state smallint NOT NULL,
    tasks bigint   NOT NULL
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);

-- How queues may be used. A queue without a row has no limits. The row of one that is limited over
-- all nodes, or has a rate, is locked by whoever starts its tasks.
CREATE TABLE queues (
    name        text COLLATE "C" PRIMARY KEY,
    paused      boolean NOT NULL,
    concurrency bigint,
    max_running bigint,
    rate_tasks  bigint,
    rate_per_ms bigint,
    -- How far it is ahead of its rate, in microseconds since the Unix epoch.
    pace        bigint NOT NULL
) WITH (fillfactor = 50);

-- Cron rules that submit tasks.
CREATE TABLE schedules (
    id            uuid PRIMARY KEY,
    cron          text NOT NULL,
    time_zone     text NOT NULL,
    task          text NOT NULL,
    -- Whether one task is submitted for all missed firings, or none.
    run_missed    boolean NOT NULL,
    paused        boolean NOT NULL,
    created_at    bigint NOT NULL,
    last_fired_at bigint,
    next_fire_at  bigint,
    error         text
);

-- By which keys requests are known when they are sent again.
CREATE TABLE requests (
    key         text COLLATE "C" PRIMARY KEY,
    -- SHA-256 of what was asked for: the same key with another request is a mistake.
    fingerprint bytea  NOT NULL,
    -- The tasks that answered it, in order.
    tasks       uuid[] NOT NULL,
    accepted_at bigint NOT NULL
);
CREATE INDEX requests_accepted ON requests (accepted_at, key);

-- Which nodes were seen lately. Only the list of nodes depends on it.
CREATE TABLE nodes (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    version      text NOT NULL,
    started_at   bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    workers      bigint NOT NULL,
    busy_workers bigint NOT NULL
) WITH (fillfactor = 50);
