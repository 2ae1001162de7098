-- What an administrator should look at, of appointments and orders. The list of open ones is by ix_open.
CREATE TABLE IF NOT EXISTS reviews (
  id BIGINT NOT NULL AUTO_INCREMENT,
  subject_kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  subject_id BINARY(16) NOT NULL,
  position INT UNSIGNED NOT NULL,
  code VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at DATETIME(3) NOT NULL,
  by_staff BINARY(16) NULL,
  station_id BINARY(16) NOT NULL,
  closed TINYINT UNSIGNED NOT NULL DEFAULT 0,
  closed_at DATETIME(3) NULL,
  closed_by BINARY(16) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uk_subject (subject_kind, subject_id, position),
  KEY ix_open (closed, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
