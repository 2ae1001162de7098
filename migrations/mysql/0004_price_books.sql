-- Published price books: immutable. effective_text is the publisher's own text, which the hash is over.
CREATE TABLE IF NOT EXISTS price_books (
  id BINARY(16) NOT NULL,
  city CHAR(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version INT UNSIGNED NOT NULL,
  effective_from DATETIME(3) NOT NULL,
  effective_text VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  rules MEDIUMTEXT NOT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uk_city_version (city, version),
  KEY ix_in_force (city, effective_from, version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
