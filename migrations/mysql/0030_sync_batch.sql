-- A random tag for each batch: a restored server whose history went another way does not know a cursor's tag.
CREATE TABLE IF NOT EXISTS sync_batch (
    last_seq BIGINT     NOT NULL,
    tag      BINARY(16) NOT NULL,
    PRIMARY KEY (last_seq)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
