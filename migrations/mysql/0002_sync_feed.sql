-- The change feed (sync.md 1): dirty keys, not row images. An outbox row means "not sequenced yet".
CREATE TABLE IF NOT EXISTS sync_outbox (
  id BIGINT NOT NULL AUTO_INCREMENT,
  scope VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  entity_id BINARY(16) NOT NULL,
  PRIMARY KEY (id),
  KEY ix_scope (scope)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS sync_log (
  seq BIGINT NOT NULL,
  outbox_id BIGINT NOT NULL,
  scope VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  entity_id BINARY(16) NOT NULL,
  PRIMARY KEY (seq),
  KEY ix_scope_seq (scope, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- One row (id 1). The epoch names this history; a restored or rebuilt database gets another.
CREATE TABLE IF NOT EXISTS sync_head (
  id TINYINT NOT NULL,
  seq BIGINT NOT NULL,
  epoch BINARY(16) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

-- A random tag for each batch of the log: a history that differs does not know the tag of a cursor.
CREATE TABLE IF NOT EXISTS sync_batch (
  last_seq BIGINT NOT NULL,
  tag BINARY(16) NOT NULL,
  PRIMARY KEY (last_seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

INSERT IGNORE INTO sync_head (id, seq, epoch) VALUES (1, 0, UNHEX(REPLACE(UUID(), '-', '')));
