-- Pictures that a device handed in after its person left: a bound to what it can leave behind, and leave for
-- administrators to see a picture that no visit names. The bytes are in `blobs`, like every picture's.
CREATE TABLE IF NOT EXISTS quarantined_pictures (
  device_id BINARY(16)   NOT NULL,
  sha256    BINARY(32)   NOT NULL,
  total     INT UNSIGNED NOT NULL,
  at        DATETIME(3)  NOT NULL,
  PRIMARY KEY (device_id, sha256),
  KEY quarantined_picture (sha256)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
