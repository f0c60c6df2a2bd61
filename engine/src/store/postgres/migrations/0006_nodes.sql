-- What each node runs, and how late its runtime wakes up.

ALTER TABLE nodes
    ADD COLUMN kinds  text[] NOT NULL DEFAULT '{}',
    ADD COLUMN queues text[],
    ADD COLUMN lag_ms bigint;
