-- Which thing each of those changes was about. Without gaps by shard: the clock's row is locked until the commit. Rows
-- older than two days go; who is further behind forgets the whole shard.
CREATE TABLE IF NOT EXISTS cache_changes (
    shard      SMALLINT UNSIGNED NOT NULL,
    at         BIGINT            NOT NULL,
    id         BINARY(16)        NOT NULL,
    changed_at DATETIME(3)       NOT NULL,
    PRIMARY KEY (shard, at),
    KEY cache_changes_at (changed_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
