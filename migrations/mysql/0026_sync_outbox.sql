-- Dirty keys of committed writes that have no place in the log yet; written in the transaction of the write itself.
-- A row here means "not sequenced".
CREATE TABLE IF NOT EXISTS sync_outbox (
    id        BIGINT      NOT NULL AUTO_INCREMENT,
    scope     VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    kind      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    entity_id BINARY(16)  NOT NULL,
    PRIMARY KEY (id),
    KEY sync_outbox_scope (scope)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
