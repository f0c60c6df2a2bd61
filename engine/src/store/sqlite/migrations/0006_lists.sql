-- What lists need to cost the same beside a million finished tasks, whatever they are filtered by.

-- One stream of ids for each kind, queue and state. Running tasks are few, and have an index of
-- their own already: a task that is claimed by the batch which accepted it is entered here once,
-- when it ends.
CREATE INDEX tasks_listed ON tasks (kind, queue, state, id) WHERE state <> 2;
DROP INDEX tasks_failed;

-- The same for each tag. Kept by triggers, so that no write can forget it; one that moves a task
-- without tags pays for a comparison.
CREATE TABLE tags (
    tag   TEXT    NOT NULL,
    kind  TEXT    NOT NULL,
    queue TEXT    NOT NULL,
    state INTEGER NOT NULL,
    id    BLOB    NOT NULL,
    row   INTEGER NOT NULL,
    PRIMARY KEY (tag, kind, queue, state, id)
) STRICT, WITHOUT ROWID;

ALTER TABLE tasks ADD COLUMN tagged INTEGER NOT NULL DEFAULT 0;

INSERT OR IGNORE INTO tags (tag, kind, queue, state, id, row)
    SELECT each.value, t.kind, t.queue, t.state, t.id, t.row
    FROM bodies b JOIN tasks t ON t.row = b.row, json_each(b.tags) each
    WHERE b.tags IS NOT NULL;
UPDATE tasks SET tagged = 1 WHERE row IN (SELECT row FROM bodies WHERE tags IS NOT NULL);

CREATE TRIGGER tags_added AFTER INSERT ON bodies WHEN new.tags IS NOT NULL
BEGIN
    UPDATE tasks SET tagged = 1 WHERE row = new.row;
    INSERT OR IGNORE INTO tags (tag, kind, queue, state, id, row)
        SELECT each.value, t.kind, t.queue, t.state, t.id, t.row
        FROM tasks t, json_each(new.tags) each WHERE t.row = new.row;
END;

CREATE TRIGGER tags_moved AFTER UPDATE OF state ON tasks
    WHEN old.tagged AND old.state <> new.state
BEGIN
    UPDATE tags SET state = new.state
    WHERE tag IN (SELECT value FROM json_each((SELECT tags FROM bodies WHERE row = old.row)))
        AND kind = old.kind AND queue = old.queue AND state = old.state AND id = old.id;
END;

-- Before the task goes, its body does.
CREATE TRIGGER tags_removed BEFORE DELETE ON bodies WHEN old.tags IS NOT NULL
BEGIN
    DELETE FROM tags
    WHERE tag IN (SELECT value FROM json_each(old.tags))
        AND kind = (SELECT kind FROM tasks WHERE row = old.row)
        AND queue = (SELECT queue FROM tasks WHERE row = old.row)
        AND state = (SELECT state FROM tasks WHERE row = old.row)
        AND id = (SELECT id FROM tasks WHERE row = old.row);
END;
