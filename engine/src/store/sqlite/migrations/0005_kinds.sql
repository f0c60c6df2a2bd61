-- What waits is known by its kind, so that a node claims only what it can run, at the same cost
-- beside any number of tasks that it cannot.

DROP INDEX tasks_queued;
CREATE INDEX tasks_queued ON tasks (queue, kind, priority, run_at, row) WHERE state = 1;

CREATE TABLE counts_by_kind (
    queue TEXT    NOT NULL,
    kind  TEXT    NOT NULL,
    state INTEGER NOT NULL,
    tasks INTEGER NOT NULL,
    PRIMARY KEY (queue, kind, state)
) STRICT, WITHOUT ROWID;
INSERT INTO counts_by_kind (queue, kind, state, tasks)
    SELECT queue, kind, state, count(*) FROM tasks GROUP BY queue, kind, state;
DROP TABLE counts;
ALTER TABLE counts_by_kind RENAME TO counts;

-- How long a task was to wait when that was decided, where nobody named the moment itself: one
-- whose moment lies further ahead than that was decided by a clock that was wrong.
ALTER TABLE tasks ADD COLUMN wait_ms INTEGER;
CREATE INDEX tasks_waits ON tasks (run_at - wait_ms)
    WHERE state IN (0, 3) AND wait_ms IS NOT NULL;
