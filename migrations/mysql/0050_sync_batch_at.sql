-- When a batch was closed, by the database's clock: compaction and the floor go by it. What was there before counts
-- from this step on.
ALTER TABLE sync_batch ADD COLUMN at DATETIME(3) NOT NULL DEFAULT '1000-01-01 00:00:00.000', ADD KEY sync_batch_at (at);
UPDATE sync_batch SET at = UTC_TIMESTAMP(3) WHERE at < '1001-01-01';
