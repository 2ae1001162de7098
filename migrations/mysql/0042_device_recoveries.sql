-- Every time a device was given its store's key back under a new key of its own: who permitted it, from where.
CREATE TABLE IF NOT EXISTS device_recoveries (
    id           BINARY(16)  NOT NULL,
    device_id    BINARY(16)  NOT NULL,
    code_hash    BINARY(32)  NOT NULL,
    permitted_by BINARY(16)  NULL,
    old_key      BINARY(32)  NOT NULL,
    new_key      BINARY(32)  NOT NULL,
    from_address VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    at           DATETIME(3) NOT NULL,
    PRIMARY KEY (id),
    KEY device_recoveries_device (device_id, at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
