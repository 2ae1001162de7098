-- How a device was shut out: what the server's signed statement says. A device shut out before this table was there has
-- no row and leaves (`leave`) since `devices.revoked_at`.
CREATE TABLE IF NOT EXISTS device_revocations (
    device_id  BINARY(16)  NOT NULL,
    mode       VARCHAR(8)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    at         DATETIME(3) NOT NULL,
    revoked_by BINARY(16)  NULL,
    PRIMARY KEY (device_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
