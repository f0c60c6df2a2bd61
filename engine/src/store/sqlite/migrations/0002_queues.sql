-- How queues may be used. A queue without a row has no limits.

CREATE TABLE queues (
    name        TEXT PRIMARY KEY,
    paused      INTEGER NOT NULL,
    concurrency INTEGER,
    max_running INTEGER,
    rate_tasks  INTEGER,
    rate_per_ms INTEGER,
    -- How far it is ahead of its rate, in microseconds since the Unix epoch.
    pace        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
