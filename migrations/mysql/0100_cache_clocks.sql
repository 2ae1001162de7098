-- What instances keep in memory or in Redis and may change (profiles in 16 shards by their id's last half byte, 16 = price
-- books): how many changes there have been. Raised in the change's own transaction, so whoever reads it knows of every
-- change that has been confirmed to anybody.
CREATE TABLE IF NOT EXISTS cache_clocks (
    shard SMALLINT UNSIGNED NOT NULL,
    at    BIGINT            NOT NULL,
    PRIMARY KEY (shard)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
