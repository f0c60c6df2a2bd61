-- Pauses that end by themselves.

ALTER TABLE queues ADD COLUMN paused_until INTEGER;
