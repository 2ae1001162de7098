-- Who has ever signed in on which device: a mutation's actor must be one of them.
CREATE TABLE IF NOT EXISTS device_sessions (
    device_id BINARY(16)  NOT NULL,
    staff_id  BINARY(16)  NOT NULL,
    first_at  DATETIME(3) NOT NULL,
    last_at   DATETIME(3) NOT NULL,
    PRIMARY KEY (device_id, staff_id),
    KEY device_sessions_staff (staff_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
