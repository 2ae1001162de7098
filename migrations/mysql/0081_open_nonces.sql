-- Nonces that a key has used, for as long as their timestamp could still be in time: whichever instance a request comes
-- to again, it is refused.
CREATE TABLE IF NOT EXISTS open_nonces (
  app_key BINARY(16) NOT NULL,
  nonce VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (app_key, nonce),
  KEY ix_at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
