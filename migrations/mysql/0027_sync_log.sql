-- The change feed: dense sequence numbers over dirty keys, not row images. `outbox_id` serves the sequencer's own
-- join within one batch and means nothing outside it (its numbers may come again after a restart).
CREATE TABLE IF NOT EXISTS sync_log (
    seq       BIGINT      NOT NULL,
    outbox_id BIGINT      NOT NULL,
    scope     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    kind      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    entity_id BINARY(16)  NOT NULL,
    PRIMARY KEY (seq),
    KEY sync_log_scope (scope, seq)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
