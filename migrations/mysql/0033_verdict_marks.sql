-- When a device was seen to have confirmed its verdicts up to which number: 45 days later they are emptied. `swept` is
-- how far that has been done; a device's newest mark stays, so that the next one begins behind it.
CREATE TABLE IF NOT EXISTS verdict_marks (
    device_id   BINARY(16)  NOT NULL,
    incarnation INT         NOT NULL,
    upto        BIGINT      NOT NULL,
    swept       BIGINT      NOT NULL,
    marked_at   DATETIME(3) NOT NULL,
    PRIMARY KEY (device_id, incarnation, upto),
    KEY verdict_marks_at (marked_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
