-- The bytes, in parts of at most 256 KiB: far below max_allowed_packet as every server has it by default.
CREATE TABLE IF NOT EXISTS blob_parts (
  sha256 BINARY(32) NOT NULL,
  device_id BINARY(16) NOT NULL,
  start INT UNSIGNED NOT NULL,
  bytes MEDIUMBLOB NOT NULL,
  PRIMARY KEY (sha256, device_id, start)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
