-- Who may do what, and who did what. Texts that anybody writes are escaped as those of tasks.

ALTER TABLE bodies ADD COLUMN submitted_by text;

-- Of a key and of a session only the SHA-256 is kept: whoever reads this cannot sign in with it.
CREATE TABLE keys (
    id           uuid   PRIMARY KEY,
    hash         bytea  NOT NULL UNIQUE,
    name         text COLLATE "C" NOT NULL UNIQUE,
    scope        text   NOT NULL,
    -- JSON lists of names; without, all.
    kinds        text,
    queues       text,
    created_at   bigint NOT NULL,
    expires_at   bigint,
    last_used_at bigint
);

CREATE TABLE sessions (
    id           uuid   PRIMARY KEY,
    hash         bytea  NOT NULL UNIQUE,
    key_id       uuid   NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL,
    last_used_at bigint NOT NULL,
    address      text,
    user_agent   text
);

-- No name is referred to: an entry outlives what it tells of.
CREATE TABLE audit (
    id         bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         bigint  NOT NULL,
    actor_kind text    NOT NULL,
    actor_id   uuid,
    actor      text COLLATE "C",
    address    text,
    action     text COLLATE "C" NOT NULL,
    target     text COLLATE "C" NOT NULL,
    tasks      bigint,
    detail     text
);

-- Most entries are of submits, which come in the order of their ids: each of these indexes grows at
-- its end, or within the few names that actors have.
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_target ON audit (target, id);
CREATE INDEX audit_by_actor ON audit (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX audit_by_actor_id ON audit (actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_of_changes ON audit (action, id) WHERE action <> 'submit_task';
