-- What a request said beside its tasks: the trace it belongs to, and the key by which it is
-- known when it is sent again.

-- A `traceparent` header (W3C Trace Context), for the requests that the task makes itself.
ALTER TABLE bodies ADD COLUMN traceparent TEXT;

CREATE TABLE requests (
    key         TEXT    PRIMARY KEY,
    -- SHA-256 of what was asked for: the same key with another request is a mistake.
    fingerprint BLOB    NOT NULL,
    -- The ids of the tasks that answered it, 16 bytes each, in order.
    tasks       BLOB    NOT NULL,
    accepted_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_accepted ON requests (accepted_at, key);
