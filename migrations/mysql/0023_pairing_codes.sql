-- Codes by which an administrator lets a device in, once. Only a keyed hash is kept: eight characters could be
-- guessed from a plain one.
CREATE TABLE IF NOT EXISTS pairing_codes (
    code_hash  BINARY(32)  NOT NULL,
    station_id BINARY(16)  NULL,
    created_by BINARY(16)  NULL,
    created_at DATETIME(3) NOT NULL,
    expires_at DATETIME(3) NOT NULL,
    used_at    DATETIME(3) NULL,
    used_by    BINARY(16)  NULL,
    PRIMARY KEY (code_hash),
    KEY pairing_codes_expiry (expires_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
