-- What devices have pushed and what became of it. `uid` stays for ever (a mutation takes effect once whatever number
-- it comes under); verdicts may be emptied 45 days after the device confirmed them. `raw` is kept of what could not
-- be processed.
CREATE TABLE IF NOT EXISTS mutations (
    device_id    BINARY(16)  NOT NULL,
    incarnation  INT         NOT NULL,
    id           BIGINT      NOT NULL,
    uid          BINARY(16)  NULL,
    name         VARCHAR(64) NOT NULL,
    actor        BINARY(16)  NULL,
    outcome      VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    verdict      MEDIUMTEXT  NOT NULL,
    raw          MEDIUMBLOB  NULL,
    client_time  DATETIME(3) NULL,
    processed_at DATETIME(3) NOT NULL,
    PRIMARY KEY (device_id, incarnation, id),
    UNIQUE KEY mutations_uid (uid),
    KEY mutations_processed (processed_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;
