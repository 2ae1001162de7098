-- One row a sign-in, of a customer or of staff on a device: its refresh tokens are a chain. The row is the lock of a
-- rotation, and revoking it ends the session at once.
CREATE TABLE IF NOT EXISTS refresh_chains (
    id           BINARY(16)  NOT NULL,
    subject_kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    subject_id   BINARY(16)  NOT NULL,
    device_id    BINARY(16)  NULL,
    created_at   DATETIME(3) NOT NULL,
    revoked_at   DATETIME(3) NULL,
    revoked_for  VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
    PRIMARY KEY (id),
    KEY refresh_chains_subject (subject_kind, subject_id),
    KEY refresh_chains_device (device_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
