-- Logs that keep the beginning and the end of each attempt.

-- What the running attempt's log has so far: a JSON list of numbers, as `store/log.rs` says. It
-- takes the place of what was counted for the task as a whole.
ALTER TABLE tasks ADD COLUMN log TEXT;
ALTER TABLE tasks DROP COLUMN output_bytes;
ALTER TABLE tasks DROP COLUMN truncated;

-- How many attempts failed. Of their failures the first and the latest are kept.
ALTER TABLE tasks ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
UPDATE tasks SET failures = (SELECT count(*) FROM failures f WHERE f.row = tasks.row)
    WHERE row IN (SELECT row FROM failures);
DELETE FROM failures WHERE (row, attempt) IN (
    SELECT row, attempt FROM (
        SELECT row, attempt,
            min(attempt) OVER (PARTITION BY row) AS first,
            row_number() OVER (PARTITION BY row ORDER BY attempt DESC) AS latest
        FROM failures)
    WHERE attempt > first AND latest > 20);
