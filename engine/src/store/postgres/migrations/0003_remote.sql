-- Attempts that workers make over HTTP, and the kinds that they serve.

-- A task's latest attempt, when a worker made it. It stays once that has ended, so that the report
-- of its end can be repeated, until another remote attempt takes its place or the task goes. Its
-- row is written only by whoever holds the task's own row.
CREATE TABLE remote (
    task         uuid    PRIMARY KEY,
    lease_ms     bigint  NOT NULL,
    output_bytes bigint  NOT NULL,
    timeout_ms   bigint  NOT NULL,
    limit_at     bigint  NOT NULL,
    ends_at      bigint  NOT NULL,
    -- When somebody has to look after it; NULL once it has ended.
    due_at       bigint,
    attempt      integer NOT NULL,
    ended        boolean NOT NULL,
    -- SHA-256 of the worker and its request, by which a claim that is sent again is known.
    request      bytea   NOT NULL,
    salt         bytea   NOT NULL,
    -- SHA-256 of the lease.
    lease        bytea   NOT NULL,
    retry        text
) WITH (
    fillfactor = 70,
    -- Each beat leaves a dead row.
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0.05,
    autovacuum_analyze_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE INDEX remote_due ON remote (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX remote_request ON remote (request) WHERE due_at IS NOT NULL;

CREATE TABLE kinds (
    kind        text COLLATE "C" PRIMARY KEY,
    schema      text,
    description text   NOT NULL,
    worker      text   NOT NULL,
    offered_at  bigint NOT NULL
);
