-- Running servers, their last sign of life by the database's clock, and which of the database's connections are
-- theirs: one that has gone silent with a lock in its hands is disconnected by another.
CREATE TABLE IF NOT EXISTS server_instances (
    id      BINARY(16)  NOT NULL,
    beat_at DATETIME(3) NOT NULL,
    PRIMARY KEY (id),
    KEY server_instances_beat (beat_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
CREATE TABLE IF NOT EXISTS server_connections (
    connection_id BIGINT     NOT NULL,
    instance      BINARY(16) NOT NULL,
    sequencer     TINYINT    NOT NULL,
    PRIMARY KEY (connection_id),
    KEY server_connections_instance (instance)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
