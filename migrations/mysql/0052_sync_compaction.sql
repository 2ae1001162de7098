-- One row: up to which number of the log only the newest entry of each aggregate and scope is left. Its lock makes
-- instances take turns.
CREATE TABLE IF NOT EXISTS sync_compaction (
    id      TINYINT NOT NULL,
    through BIGINT  NOT NULL,
    PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
INSERT IGNORE INTO sync_compaction (id, through) VALUES (1, 0);
