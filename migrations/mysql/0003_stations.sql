-- Depots (站点) and the division-code prefixes they serve; the longest prefix wins, and one prefix has one depot.
CREATE TABLE IF NOT EXISTS stations (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  code VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(100) COLLATE utf8mb4_bin NOT NULL,
  city CHAR(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  address VARCHAR(255) NOT NULL DEFAULT '',
  created_at DATETIME(3) NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uk_code (code),
  KEY ix_city (city)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS station_divisions (
  prefix VARCHAR(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  station_id BINARY(16) NOT NULL,
  PRIMARY KEY (prefix),
  KEY ix_station (station_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC;
