-- Compaction looks for older entries of the same aggregate and scope.
ALTER TABLE sync_log ADD KEY sync_log_entity (entity_id, scope, kind, seq);
