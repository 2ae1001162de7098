-- Registered laptops and tablets. `last_mutation` is locked and raised with each mutation's effect and verdict, so
-- that every mutation takes effect exactly once; it counts within one incarnation of the device's store.
CREATE TABLE IF NOT EXISTS devices (
    id            BINARY(16)   NOT NULL,
    name          VARCHAR(64)  NOT NULL,
    platform      VARCHAR(64)  NOT NULL,
    public_key    BINARY(32)   NOT NULL,
    station_id    BINARY(16)   NULL,
    registered_at DATETIME(3)  NOT NULL,
    last_seen_at  DATETIME(3)  NOT NULL,
    revoked_at    DATETIME(3)  NULL,
    revoked_by    BINARY(16)   NULL,
    incarnation   INT          NOT NULL DEFAULT 1,
    last_mutation BIGINT       NOT NULL DEFAULT 0,
    confirmed     BIGINT       NOT NULL DEFAULT 0,
    PRIMARY KEY (id),
    UNIQUE KEY devices_key (public_key),
    KEY devices_station (station_id, registered_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
