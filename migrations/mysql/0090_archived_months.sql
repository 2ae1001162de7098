-- Months whose visits have been written to an archive, and since when they are (being) taken out of the database: what
-- their tables held is found again by file and checksum.
CREATE TABLE IF NOT EXISTS archived_months (
  month INT NOT NULL,
  content CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  held BIGINT NOT NULL,
  file TEXT NOT NULL,
  archived_at DATETIME(3) NOT NULL,
  dropping_at DATETIME(3) NULL,
  dropped_at DATETIME(3) NULL,
  reason TEXT NULL,
  PRIMARY KEY (month)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
