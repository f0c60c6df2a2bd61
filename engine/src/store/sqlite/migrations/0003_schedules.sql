-- Cron rules that submit tasks.

CREATE TABLE schedules (
    id            BLOB PRIMARY KEY,
    cron          TEXT    NOT NULL,
    time_zone     TEXT    NOT NULL,
    task          TEXT    NOT NULL,
    -- Whether one task is submitted for all missed firings, or none.
    run_missed    INTEGER NOT NULL,
    paused        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    last_fired_at INTEGER,
    next_fire_at  INTEGER,
    error         TEXT
) STRICT, WITHOUT ROWID;
