-- Answers kept for 24 h under (caller, method, route, key), written in the effect's own transaction. status 0 is only
-- ever seen by the transaction that wrote it.
CREATE TABLE IF NOT EXISTS idempotency_keys (
  caller BINARY(16) NOT NULL,
  method VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  route VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  idem_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  fingerprint BINARY(32) NOT NULL,
  status SMALLINT UNSIGNED NOT NULL,
  answer MEDIUMTEXT NOT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (caller, method, route, idem_key),
  KEY ix_created (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
