-- One row: how far the log reaches, in which epoch, and below which number it has been compacted away. Its lock is
-- what makes two sequencers take turns.
CREATE TABLE IF NOT EXISTS sync_head (
    id    TINYINT    NOT NULL,
    seq   BIGINT     NOT NULL,
    floor BIGINT     NOT NULL DEFAULT 0,
    epoch BINARY(16) NOT NULL,
    PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
