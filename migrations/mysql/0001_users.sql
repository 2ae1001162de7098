-- Customers (用户). openid is ascii_bin: under unicode_ci 'oAbC' = 'oabc' and one user would be logged in as another.
CREATE TABLE IF NOT EXISTS users (
  id BINARY(16) NOT NULL,
  openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  unionid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  nickname VARCHAR(64) NOT NULL DEFAULT '',
  avatar VARCHAR(500) NOT NULL DEFAULT '',
  phone VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL,
  country_code VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL,
  deletion_requested_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uk_openid (openid),
  KEY ix_phone (phone)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
