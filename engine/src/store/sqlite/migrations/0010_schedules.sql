-- The tasks of a schedule, newest first. Others have no entry.

CREATE INDEX tasks_of_schedule ON tasks (schedule_id, id) WHERE schedule_id IS NOT NULL;
