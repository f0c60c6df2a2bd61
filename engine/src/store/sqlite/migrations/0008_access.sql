-- Who may do what, and who did what.

ALTER TABLE bodies ADD COLUMN submitted_by TEXT;

-- Of a key and of a session only the SHA-256 is kept: whoever reads this cannot sign in with it.
CREATE TABLE keys (
    id BLOB PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    kinds TEXT,
    queues TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    key_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    address TEXT,
    user_agent TEXT
) STRICT, WITHOUT ROWID;

-- No name is referred to: an entry outlives what it tells of.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BLOB,
    actor TEXT,
    address TEXT,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    tasks INTEGER,
    detail TEXT
) STRICT;

-- Most entries are of submits, which come in the order of their ids: each of these indexes grows at
-- its end, or within the few names that actors have.
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_target ON audit (target, id);
CREATE INDEX audit_by_actor ON audit (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX audit_by_actor_id ON audit (actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_of_changes ON audit (action, id) WHERE action <> 'submit_task';
