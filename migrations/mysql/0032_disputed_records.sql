-- Facts that could not be attached to anything known, or are malformed: kept as they came, for an administrator.
CREATE TABLE IF NOT EXISTS disputed_records (
    id          BINARY(16)   NOT NULL,
    device_id   BINARY(16)   NOT NULL,
    actor       BINARY(16)   NOT NULL,
    mutation_id BIGINT       NOT NULL,
    name        VARCHAR(64)  NOT NULL,
    reason      VARCHAR(32)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    detail      VARCHAR(500) NOT NULL,
    raw         MEDIUMBLOB   NOT NULL,
    at          DATETIME(3)  NOT NULL,
    resolved_at DATETIME(3)  NULL,
    resolved_by BINARY(16)   NULL,
    resolution  VARCHAR(500) NULL,
    PRIMARY KEY (id),
    KEY disputed_open (resolved_at, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
