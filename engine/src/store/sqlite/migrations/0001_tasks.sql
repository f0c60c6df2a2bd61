-- Tasks, their logs, and how many there are. Moments are milliseconds since the Unix epoch.
-- States: 0 scheduled, 1 queued, 2 running, 3 retrying, 4 completed, 5 failed, 6 cancelled.

-- What changes while a task lives is apart from its payload and result, which can be large:
-- an update rewrites the whole row.
CREATE TABLE tasks (
    row               INTEGER PRIMARY KEY,
    id                BLOB    NOT NULL UNIQUE,
    kind              TEXT    NOT NULL,
    queue             TEXT    NOT NULL,
    state             INTEGER NOT NULL,
    priority          INTEGER NOT NULL,
    attempt           INTEGER NOT NULL,
    max_attempts      INTEGER NOT NULL,
    forgiven          INTEGER NOT NULL,
    timeout_ms        INTEGER NOT NULL,
    run_at            INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    started_at        INTEGER,
    finished_at       INTEGER,
    lease_expires_at  INTEGER,
    cancel_requested  INTEGER NOT NULL,
    last_seq          INTEGER NOT NULL,
    output_bytes      INTEGER NOT NULL,
    truncated         INTEGER NOT NULL,
    progress_fraction REAL,
    progress_message  TEXT,
    node              TEXT,
    unique_key        TEXT,
    schedule_id       BLOB
) STRICT;

-- Each index holds only the tasks that its question is about, so that claiming costs the same
-- beside a million scheduled or finished tasks.
CREATE INDEX tasks_queued ON tasks (queue, priority, run_at, row) WHERE state = 1;
CREATE INDEX tasks_waiting ON tasks (run_at) WHERE state IN (0, 3);
CREATE INDEX tasks_running ON tasks (lease_expires_at) WHERE state = 2;
CREATE INDEX tasks_finished ON tasks (state, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX tasks_failed ON tasks (id) WHERE state = 5;
CREATE UNIQUE INDEX tasks_unique_key ON tasks (unique_key)
    WHERE unique_key IS NOT NULL AND finished_at IS NULL;

CREATE TABLE bodies (
    row     INTEGER PRIMARY KEY,
    payload TEXT NOT NULL,
    tags    TEXT,
    retry   TEXT
) STRICT;

CREATE TABLE results (
    row    INTEGER PRIMARY KEY,
    result TEXT NOT NULL
) STRICT;

CREATE TABLE failures (
    row     INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    ran_ms  INTEGER NOT NULL,
    message TEXT    NOT NULL,
    PRIMARY KEY (row, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    row     INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (row, seq)
) STRICT, WITHOUT ROWID;

-- Kept by every batch that changes it, so that counting never scans.
CREATE TABLE counts (
    queue TEXT    NOT NULL,
    state INTEGER NOT NULL,
    tasks INTEGER NOT NULL,
    PRIMARY KEY (queue, state)
) STRICT, WITHOUT ROWID;
