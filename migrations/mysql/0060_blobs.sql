-- Pictures (signatures, photos of goods) by the SHA-256 of their bytes, one row a device that uploads: nobody's broken
-- upload stands in another's way. Complete once `completed_at` is set; then type and hash have been checked. Unfinished
-- ones go 45 days after they were last touched.
CREATE TABLE IF NOT EXISTS blobs (
  sha256 BINARY(32) NOT NULL,
  device_id BINARY(16) NOT NULL,
  type VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  total INT UNSIGNED NOT NULL,
  received INT UNSIGNED NOT NULL,
  touched_at DATETIME(3) NOT NULL,
  completed_at DATETIME(3) NULL,
  PRIMARY KEY (sha256, device_id),
  KEY ix_unfinished (completed_at, touched_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
