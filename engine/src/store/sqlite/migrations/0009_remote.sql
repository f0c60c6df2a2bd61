-- Attempts that workers make over HTTP, and the kinds that they serve.

-- A task's latest attempt, when a worker made it. It stays once that has ended, so that the report
-- of its end can be repeated, until another attempt takes its place or the task goes.
CREATE TABLE remote (
    row          INTEGER PRIMARY KEY,
    attempt      INTEGER NOT NULL,
    -- SHA-256 of the worker and its request, by which a claim that is sent again is known.
    request      BLOB    NOT NULL,
    salt         BLOB    NOT NULL,
    -- SHA-256 of the lease.
    lease        BLOB    NOT NULL,
    lease_ms     INTEGER NOT NULL,
    output_bytes INTEGER NOT NULL,
    timeout_ms   INTEGER NOT NULL,
    limit_at     INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,
    retry        TEXT,
    ended        INTEGER NOT NULL,
    -- When somebody has to look after it; NULL once it has ended.
    due_at       INTEGER
) STRICT;

CREATE INDEX remote_due ON remote (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX remote_request ON remote (request) WHERE due_at IS NOT NULL;

CREATE TABLE kinds (
    kind        TEXT    PRIMARY KEY,
    schema      TEXT,
    description TEXT    NOT NULL,
    worker      TEXT    NOT NULL,
    offered_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
