-- Members of staff. The user name decides who signs in, so it must differ to the byte (utf8mb4_bin); `grants` is
-- raised whenever role or station change, so that a device's cursor notices that its scopes are new ones.
CREATE TABLE IF NOT EXISTS staff (
    id            BINARY(16)   NOT NULL,
    version       BIGINT       NOT NULL,
    username      VARCHAR(64)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    name          VARCHAR(64)  NOT NULL,
    role          VARCHAR(16)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    station_id    BINARY(16)   NULL,
    active        TINYINT(1)   NOT NULL DEFAULT 1,
    grants        INT          NOT NULL DEFAULT 1,
    password_hash VARCHAR(191) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    created_at    DATETIME(3)  NOT NULL,
    updated_at    DATETIME(3)  NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY staff_username (username),
    KEY staff_station (station_id, id, version)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
