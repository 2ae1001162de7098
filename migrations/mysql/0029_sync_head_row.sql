-- The epoch is random, so that a device never takes another database's numbers for this one's.
INSERT IGNORE INTO sync_head (id, seq, floor, epoch) VALUES (1, 0, 0, UNHEX(REPLACE(UUID(), '-', '')));
