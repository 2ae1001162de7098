-- Calls of a key on a day (China's), against its quota.
CREATE TABLE IF NOT EXISTS open_calls (
  app_key BINARY(16) NOT NULL,
  day DATE NOT NULL,
  calls INT UNSIGNED NOT NULL,
  PRIMARY KEY (app_key, day),
  KEY ix_day (day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
