-- Keys of partners of the open API. No secret lies here: each follows from a secret of the server, the id and the
-- generation. previous_until: until then the generation before is good too.
CREATE TABLE IF NOT EXISTS app_keys (
  id BINARY(16) NOT NULL,
  app_key VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(100) COLLATE utf8mb4_bin NOT NULL,
  generation INT UNSIGNED NOT NULL,
  previous_until DATETIME(3) NULL,
  daily_quota INT UNSIGNED NOT NULL,
  rate INT UNSIGNED NOT NULL,
  created_at DATETIME(3) NOT NULL,
  created_by BINARY(16) NOT NULL,
  rotated_at DATETIME(3) NULL,
  rotated_by BINARY(16) NULL,
  revoked_at DATETIME(3) NULL,
  revoked_by BINARY(16) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uk_app_key (app_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
