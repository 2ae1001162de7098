-- What was still pending on a device whose person left: handed in once, kept as it came, for an administrator. Nothing
-- here takes effect by itself. `digest` is of the exact bytes, so that the same outbox sent again adds nothing.
CREATE TABLE IF NOT EXISTS quarantined_mutations (
    id          BINARY(16)   NOT NULL,
    device_id   BINARY(16)   NOT NULL,
    digest      BINARY(32)   NOT NULL,
    mutation_id BIGINT       NULL,
    uid         BINARY(16)   NULL,
    actor       BINARY(16)   NULL,
    name        VARCHAR(64)  NOT NULL,
    raw         MEDIUMBLOB   NOT NULL,
    at          DATETIME(3)  NOT NULL,
    resolved_at DATETIME(3)  NULL,
    resolved_by BINARY(16)   NULL,
    resolution  VARCHAR(500) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY quarantined_once (device_id, digest),
    KEY quarantined_open (resolved_at, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
